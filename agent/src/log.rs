//! Lines on standard error in nsqlookupd's form, each written at once (nsqio/nsq, `internal/lg/lg.go`; Go's `log`).

use std::{
    fmt,
    io::{self, Write as _},
};

use tracing::{Event, Subscriber};
use tracing_subscriber::{
    filter::LevelFilter,
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    registry::LookupSpan,
};

/// nsqlookupd's levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Debug,
    Info,
    Warn,
    Error,
    Fatal,
}

impl Level {
    /// Reads its name in any case.
    ///
    /// # Errors
    /// In nsqlookupd's words.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        Ok(match text.to_ascii_lowercase().as_str() {
            "debug" => Self::Debug,
            "info" => Self::Info,
            "warn" => Self::Warn,
            "error" => Self::Error,
            "fatal" => Self::Fatal,
            _ => return Err(format!("invalid log level '{text}' (debug, info, warn, error, fatal)")),
        })
    }

    fn of(level: tracing::Level) -> Self {
        match level {
            tracing::Level::ERROR => Self::Error,
            tracing::Level::WARN => Self::Warn,
            tracing::Level::INFO => Self::Info,
            _ => Self::Debug,
        }
    }

    fn filter(self) -> LevelFilter {
        match self {
            Self::Debug => LevelFilter::DEBUG,
            Self::Info => LevelFilter::INFO,
            Self::Warn => LevelFilter::WARN,
            Self::Error => LevelFilter::ERROR,
            Self::Fatal => LevelFilter::OFF,
        }
    }
}

/// As it stands in a line, and as the default in `--help`.
impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARNING",
            Self::Error => "ERROR",
            Self::Fatal => "FATAL",
        })
    }
}

/// From now on, events of at least this level become lines.
pub(crate) fn start(level: Level, prefix: &str) {
    let subscriber = tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_max_level(level.filter())
        .event_format(Lines { prefix: prefix.into() })
        .finish();
    // Only a second start could fail.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// Says why the process ends. No level hides that.
pub(crate) fn fatal(prefix: &str, message: &str) {
    // Where standard error is closed there is nobody to be told.
    let _ = writeln!(io::stderr().lock(), "{}{message}", Beginning { prefix, level: Level::Fatal });
}

struct Lines {
    prefix: String,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        write!(writer, "{}", Beginning { prefix: &self.prefix, level: Level::of(*event.metadata().level()) })?;
        context.field_format().format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}

/// What stands before a message.
struct Beginning<'a> {
    prefix: &'a str,
    level: Level,
}

impl fmt::Display for Beginning<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let now = chrono::Local::now().naive_local();
        write!(f, "{}{} {}: ", self.prefix, now.format("%Y/%m/%d %H:%M:%S%.6f"), self.level)
    }
}
