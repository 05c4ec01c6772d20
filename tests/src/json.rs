//! JSON whose text is kept: the order of keys and the spelling of strings and numbers are part of what is
//! compared, the order of an array's elements is not.

use std::fmt;

/// A JSON text taken apart. Scalars stay as they were spelt.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Json {
    /// A string with its quotes, a number, `true`, `false` or `null`.
    Scalar(String),
    /// The elements, in the order they came.
    Array(Vec<Self>),
    /// The keys with their quotes and the values, in the order they came.
    Object(Vec<(String, Self)>),
}

impl Json {
    /// Takes apart a compact text, as both daemons write it. `None` when it is something else.
    pub fn parse(text: &str) -> Option<Self> {
        let mut rest = text;
        let value = value(&mut rest)?;
        rest.is_empty().then_some(value)
    }

    /// Brings the elements of every array into one order, for answers whose order is random.
    #[must_use]
    pub fn sorted(self) -> Self {
        match self {
            Self::Scalar(text) => Self::Scalar(text),
            Self::Array(elements) => {
                let mut elements: Vec<_> = elements.into_iter().map(Self::sorted).collect();
                elements.sort();
                Self::Array(elements)
            }
            Self::Object(entries) => {
                Self::Object(entries.into_iter().map(|(key, value)| (key, value.sorted())).collect())
            }
        }
    }

    /// Replaces every object within, innermost first, by what `change` makes of its entries.
    #[must_use]
    pub fn with_objects(self, change: &mut impl FnMut(Vec<(String, Self)>) -> Vec<(String, Self)>) -> Self {
        match self {
            Self::Scalar(text) => Self::Scalar(text),
            Self::Array(elements) => {
                Self::Array(elements.into_iter().map(|element| element.with_objects(change)).collect())
            }
            Self::Object(entries) => {
                let entries = entries.into_iter().map(|(key, value)| (key, value.with_objects(change))).collect();
                Self::Object(change(entries))
            }
        }
    }
}

impl fmt::Display for Json {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scalar(text) => write!(formatter, "{text}"),
            Self::Array(elements) => {
                write!(formatter, "[")?;
                for (index, element) in elements.iter().enumerate() {
                    write!(formatter, "{}{element}", if index == 0 { "" } else { "," })?;
                }
                write!(formatter, "]")
            }
            Self::Object(entries) => {
                write!(formatter, "{{")?;
                for (index, (key, value)) in entries.iter().enumerate() {
                    write!(formatter, "{}{key}:{value}", if index == 0 { "" } else { "," })?;
                }
                write!(formatter, "}}")
            }
        }
    }
}

fn value(rest: &mut &str) -> Option<Json> {
    match rest.chars().next()? {
        '[' => list(rest, ']', value).map(Json::Array),
        '{' => list(rest, '}', |rest| {
            let key = string(rest)?;
            skip(rest, ':')?;
            Some((key, value(rest)?))
        })
        .map(Json::Object),
        '"' => string(rest).map(Json::Scalar),
        _ => {
            let end = rest.find([',', ']', '}']).unwrap_or(rest.len());
            take(rest, end).filter(|text| !text.is_empty()).map(Json::Scalar)
        }
    }
}

/// What stands between a bracket and `close`, with commas between the items.
fn list<T>(rest: &mut &str, close: char, item: impl Fn(&mut &str) -> Option<T>) -> Option<Vec<T>> {
    take(rest, 1)?;
    let mut items = Vec::new();
    if skip(rest, close).is_some() {
        return Some(items);
    }
    loop {
        items.push(item(rest)?);
        if skip(rest, close).is_some() {
            return Some(items);
        }
        skip(rest, ',')?;
    }
}

fn string(rest: &mut &str) -> Option<String> {
    let mut escaped = false;
    let end = rest.char_indices().skip(1).find(|(_, character)| {
        let closes = *character == '"' && !escaped;
        escaped = *character == '\\' && !escaped;
        closes
    })?;
    take(rest, end.0 + 1)
}

fn take(rest: &mut &str, length: usize) -> Option<String> {
    let (taken, left) = rest.split_at_checked(length)?;
    *rest = left;
    Some(taken.to_owned())
}

fn skip(rest: &mut &str, character: char) -> Option<()> {
    *rest = rest.strip_prefix(character)?;
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_apart_can_be_put_together() {
        for text in
            [r#"{}"#, r#"[]"#, r#"{"b":[1,2.50,{"a":"\"]\\"}],"a":null}"#, r#""\u003c""#, "-6795364578871345152"]
        {
            assert_eq!(Json::parse(text).expect(text).to_string(), text);
        }
        for text in ["", "{", "[1", r#"{"a"}"#, r#"{"a":}"#, "[1]]", r#""a"#] {
            assert_eq!(Json::parse(text), None, "{text}");
        }
    }

    #[test]
    fn only_arrays_are_sorted() {
        let sorted = Json::parse(r#"{"b":["y","x"],"a":[[2],[1]]}"#).expect("JSON").sorted();
        assert_eq!(sorted.to_string(), r#"{"b":["x","y"],"a":[[1],[2]]}"#);
    }
}
