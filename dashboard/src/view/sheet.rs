//! A table as a file: CSV for spreadsheets, JSON for programs.

use crate::json::quote;

/// How a table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SheetFormat {
    /// RFC 4180, in UTF-8, with a line of heads.
    Csv,
    /// An array of objects, one a line, with the heads as keys.
    Json,
}

impl SheetFormat {
    /// The end of such a file's name.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }
}

/// A table that is being written, cell by cell: as many cells as there are heads are a row.
#[derive(Clone, Debug)]
pub struct Sheet {
    format: SheetFormat,
    heads: &'static [&'static str],
    /// Which column is next.
    column: usize,
    text: String,
}

impl Sheet {
    /// A table of no rows.
    pub fn new(format: SheetFormat, heads: &'static [&'static str]) -> Self {
        let mut sheet = Self { format, heads, column: 0, text: String::new() };
        match format {
            SheetFormat::Csv => heads.iter().for_each(|head| sheet.text(head)),
            SheetFormat::Json => sheet.text.push('['),
        }
        sheet
    }

    /// A cell of text. A spreadsheet would run one that begins like a formula: in CSV an apostrophe stands before it, which
    /// makes it text again (OWASP, *CSV Injection*).
    pub fn text(&mut self, text: &str) {
        let written = match self.format {
            SheetFormat::Json => quote(text),
            SheetFormat::Csv => {
                let mut written = String::new();
                if let Some(b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r' | b'\n') = text.bytes().next() {
                    written.push('\'');
                }
                let mut is_plain = true;
                for character in text.chars() {
                    is_plain &= !matches!(character, ',' | '"' | '\r' | '\n');
                    written.push_str(if character == '"' { "\"" } else { "" });
                    written.push(character);
                }
                if is_plain { written } else { format!("\"{written}\"") }
            }
        };
        self.cell(&written);
    }

    /// A cell that is a number.
    pub fn number(&mut self, number: usize) {
        self.cell(&number.to_string());
    }

    /// The whole file.
    pub fn finish(mut self) -> String {
        if self.format == SheetFormat::Json {
            self.text.push_str("\n]\n");
        }
        self.text
    }

    fn cell(&mut self, written: &str) {
        let (is_first, is_last) = (self.column == 0, self.column + 1 == self.heads.len());
        if self.format == SheetFormat::Json {
            let before = match (is_first, self.text.len()) {
                (true, 1) => "\n{",
                (true, _) => ",\n{",
                (false, _) => ",",
            };
            self.text.push_str(before);
            self.text.push_str(&quote(self.heads[self.column]));
            self.text.push(':');
        } else if !is_first {
            self.text.push(',');
        }
        self.text.push_str(written);
        if is_last {
            self.text.push_str(if self.format == SheetFormat::Json { "}" } else { "\r\n" });
        }
        self.column = if is_last { 0 } else { self.column + 1 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADS: &[&str] = &["name", "producers"];

    fn written(format: SheetFormat, rows: &[(&str, usize)]) -> String {
        let mut sheet = Sheet::new(format, HEADS);
        for (name, producers) in rows {
            sheet.text(name);
            sheet.number(*producers);
        }
        sheet.finish()
    }

    #[test]
    fn csv_is_quoted_where_it_must_be() {
        let rows = [("plain", 1), ("a,b", 20_000), ("say \"hi\"", 0), ("two\r\nlines", 3), ("", 4), ("ä€😀", 5)];
        assert_eq!(
            written(SheetFormat::Csv, &rows),
            "name,producers\r\nplain,1\r\n\"a,b\",20000\r\n\"say \"\"hi\"\"\",0\r\n\"two\r\nlines\",3\r\n,4\r\nä€😀,5\r\n"
        );
        assert_eq!(written(SheetFormat::Csv, &[]), "name,producers\r\n");
    }

    #[test]
    fn no_cell_of_csv_is_a_formula() {
        for (cell, expected) in [
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\tx", "'\tx"),
            ("\r=x", "\"'\r=x\""),
            ("=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\""),
            ("a=b", "a=b"),
            ("10-20", "10-20"),
        ] {
            assert_eq!(
                written(SheetFormat::Csv, &[(cell, 1)]),
                format!("name,producers\r\n{expected},1\r\n"),
                "{cell:?}"
            );
        }
    }

    #[test]
    fn json_keeps_every_text_as_it_is() {
        let rows = [("=1+1", 1), ("say \"hi\"\r\n\u{202e}", 2)];
        let read: serde_json::Value = serde_json::from_str(&written(SheetFormat::Json, &rows)).unwrap();
        let expected: Vec<_> =
            rows.iter().map(|(name, producers)| serde_json::json!({ "name": name, "producers": producers })).collect();
        assert_eq!(read, serde_json::Value::from(expected));
        assert_eq!(written(SheetFormat::Json, &[("a", 1)]), "[\n{\"name\":\"a\",\"producers\":1}\n]\n");
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&written(SheetFormat::Json, &[])).unwrap(),
            serde_json::json!([])
        );
    }
}
