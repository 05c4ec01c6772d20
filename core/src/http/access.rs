//! Who may do what: tokens, what a caller without one may do, and which web pages may ask.

use alloc::{string::String, vec::Vec};

use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};

use super::{error::Error, response::Response};

/// What a request asks to be permitted. Each includes those before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// Nothing: everyone may.
    #[default]
    Open,
    /// To read the registry.
    Read,
    /// To announce producers.
    Register,
    /// To change whatever there is.
    Admin,
}

impl Right {
    /// In a word, as [`RIGHT`](super::RIGHT) tells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "none",
            Self::Read => "read",
            Self::Register => "register",
            Self::Admin => "admin",
        }
    }

    /// Reads [`name`](Self::name).
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Open, Self::Read, Self::Register, Self::Admin].into_iter().find(|right| right.name() == text)
    }

    /// The token to configure for it.
    pub(super) fn token(self) -> &'static str {
        match self {
            Self::Open | Self::Read => "READ_TOKEN",
            Self::Register => "REGISTER_TOKEN",
            Self::Admin => "ADMIN_TOKEN",
        }
    }

    /// All tokens that permit it, for a person to read.
    pub(super) fn tokens(self) -> &'static str {
        match self {
            Self::Open | Self::Read => "READ_TOKEN, REGISTER_TOKEN or ADMIN_TOKEN",
            Self::Register => "REGISTER_TOKEN or ADMIN_TOKEN",
            Self::Admin => "ADMIN_TOKEN",
        }
    }

    /// The value of ANONYMOUS that permits it.
    pub(super) fn anonymous(self) -> &'static str {
        match self {
            Self::Open | Self::Read => "read",
            Self::Register | Self::Admin => "write",
        }
    }
}

/// What a caller without a token may do: the variable ANONYMOUS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Anonymous {
    /// Nothing but what is open.
    #[default]
    None,
    /// Read.
    Read,
    /// Everything.
    Write,
}

impl Anonymous {
    /// Reads `none`, `read` or `write`. Anything else is a mistake to be told of, not to be guessed at.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "none" => Some(Self::None),
            "read" => Some(Self::Read),
            "write" => Some(Self::Write),
            _ => None,
        }
    }

    fn right(self) -> Right {
        match self {
            Self::None => Right::Open,
            Self::Read => Right::Read,
            Self::Write => Right::Admin,
        }
    }
}

/// Who may do what. Nobody anything, unless told otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    anonymous: Anonymous,
    /// Digests, so that a comparison takes the same time whatever the length, and no token lies in memory.
    tokens: Vec<(Right, [u8; 32])>,
}

impl Access {
    /// The three secrets as they are configured. A blank one counts as absent: else whoever sends none would hold it.
    pub fn new(anonymous: Anonymous, admin: Option<&str>, register: Option<&str>, read: Option<&str>) -> Self {
        let configured = [(Right::Admin, admin), (Right::Register, register), (Right::Read, read)];
        let digests = configured.into_iter().filter_map(|(right, token)| {
            let token = token.map(str::trim).filter(|token| !token.is_empty())?;
            Some((right, digest(token)))
        });
        Self { anonymous, tokens: digests.collect() }
    }

    /// Whether the sender of this `Authorization` header may do that. A token adds to what anyone may do.
    ///
    /// A scheme other than Bearer counts as no token; nothing here is open to it.
    ///
    /// # Errors
    /// [`Error::InvalidToken`] for a token that is none of the configured ones, even where no token is needed: whoever
    /// believes to be known must learn otherwise. [`Error::Unauthorized`] without one, [`Error::Forbidden`] where it
    /// doesn't permit this.
    pub fn check(&self, right: Right, authorization: Option<&str>) -> Result<(), Error> {
        if right == Right::Open {
            return Ok(());
        }
        let Some(token) = authorization.and_then(bearer) else {
            if right <= self.anonymous.right() {
                return Ok(());
            }
            let possible = self.tokens.iter().any(|(granted, _)| right <= *granted);
            return Err(Error::Unauthorized { right, possible });
        };
        let granted = self.right_of(token).ok_or(Error::InvalidToken)?;
        if right <= granted.max(self.anonymous.right()) { Ok(()) } else { Err(Error::Forbidden { right }) }
    }

    /// The most that the sender of this `Authorization` header may do.
    pub fn granted(&self, authorization: Option<&str>) -> Right {
        let anonymous = self.anonymous.right();
        match authorization.and_then(bearer) {
            None => anonymous,
            Some(token) => self.right_of(token).map_or(Right::Open, |granted| granted.max(anonymous)),
        }
    }

    /// The most that the token grants. Looks at all of them, whichever it is.
    fn right_of(&self, token: &str) -> Option<Right> {
        let presented = digest(token);
        let mut known = Choice::from(0);
        let mut granted = Right::Open;
        for (right, configured) in &self.tokens {
            let equal = presented.ct_eq(configured);
            known |= equal;
            if bool::from(equal) {
                granted = granted.max(*right);
            }
        }
        bool::from(known).then_some(granted)
    }
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.trim().split_once(' ').unwrap_or((authorization.trim(), ""));
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The web pages of other origins that may ask: the variable CORS_ORIGINS. None, unless told otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins(Vec<String>);

impl Origins {
    /// Reads `https://a.example, https://b.example:8443`. `*` and `null` are nobody's origin.
    pub fn parse(text: &str) -> Self {
        let origins = text.split(',').map(|origin| origin.trim().trim_end_matches('/'));
        Self(origins.filter(|origin| origin.contains("://")).map(String::from).collect())
    }

    /// Whether a change may come from there. A browser says where a page is from with every POST; others say nothing.
    ///
    /// # Errors
    /// [`Error::ForeignOrigin`] for an origin that is neither the request's own nor a configured one; `null` is neither.
    pub fn check(&self, origin: Option<&str>, own: Option<&str>) -> Result<(), Error> {
        match origin {
            Some(origin) if !own.is_some_and(|own| origin.eq_ignore_ascii_case(own)) && !self.contains(origin) => {
                Err(Error::ForeignOrigin)
            }
            _ => Ok(()),
        }
    }

    /// Tells the browser that the page may read this answer, where it may. To OPTIONS, also what it may send.
    pub fn decorate(&self, response: &mut Response, method: &str, origin: Option<&str>) {
        if self.0.is_empty() {
            return;
        }
        response.push("Vary", "Origin");
        let Some(origin) = origin.filter(|origin| self.contains(origin)) else {
            return;
        };
        response.push("Access-Control-Allow-Origin", String::from(origin));
        if method == "OPTIONS" {
            response.push("Access-Control-Allow-Methods", "GET, POST");
            response.push("Access-Control-Allow-Headers", "authorization, content-type, x-lookupd-min-revision");
            response.push("Access-Control-Max-Age", "600");
        } else {
            response.push("Access-Control-Expose-Headers", EXPOSED);
        }
    }

    fn contains(&self, origin: &str) -> bool {
        self.0.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin))
    }
}

/// Those of our own headers that tell how current an answer is, and what whoever asked may do.
const EXPOSED: &str = "X-Lookupd-Revision, X-Lookupd-Age, X-Lookupd-Stale, X-Lookupd-Right";

/// The names that a home answers to: the variable HOSTS. Any, unless told otherwise.
///
/// A page may give its own name the address of this machine and then is no foreign origin here. Whoever lets callers
/// in because they are on this machine names the hosts that they say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hosts(Vec<String>);

impl Hosts {
    /// Reads `127.0.0.1:8787, localhost:8787`.
    pub fn parse(text: &str) -> Self {
        Self(text.split(',').map(str::trim).filter(|host| !host.is_empty()).map(String::from).collect())
    }

    /// These, and this one: a home's own name, which others were told. Any, where none was named.
    #[must_use]
    pub fn and(mut self, host: &str) -> Self {
        if !self.0.is_empty() {
            self.0.push(host.into());
        }
        self
    }

    /// Whether a request that was sent to this `scheme://host` is meant for this home.
    ///
    /// # Errors
    /// [`Error::ForeignHost`] for one that isn't.
    pub fn check(&self, own_origin: Option<&str>) -> Result<(), Error> {
        let host = own_origin.and_then(|origin| origin.split_once("://")).map_or("", |(_, host)| host);
        if self.0.is_empty() || self.0.iter().any(|known| known.eq_ignore_ascii_case(host)) {
            Ok(())
        } else {
            Err(Error::ForeignHost)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Right; 4] = [Right::Open, Right::Read, Right::Register, Right::Admin];

    /// How each of [`ALL`] is answered, by code.
    fn answers(access: &Access, authorization: Option<&str>) -> [&'static str; 4] {
        ALL.map(|right| access.check(right, authorization).map_or_else(|error| error.code(), |()| "ok"))
    }

    #[test]
    fn each_token_permits_what_it_is_for() {
        let access = |anonymous| Access::new(anonymous, Some("a"), Some("p"), Some("r"));
        let (no, bad, few) = ("UNAUTHORIZED", "INVALID_TOKEN", "FORBIDDEN");
        for (anonymous, sent, expected) in [
            (Anonymous::None, None, ["ok", no, no, no]),
            (Anonymous::None, Some("Bearer a"), ["ok", "ok", "ok", "ok"]),
            (Anonymous::None, Some("Bearer p"), ["ok", "ok", "ok", few]),
            (Anonymous::None, Some("Bearer r"), ["ok", "ok", few, few]),
            (Anonymous::None, Some("Bearer x"), ["ok", bad, bad, bad]),
            (Anonymous::None, Some("bEARER   a "), ["ok", "ok", "ok", "ok"]),
            (Anonymous::None, Some("Bearer"), ["ok", bad, bad, bad]),
            (Anonymous::None, Some("Bearer "), ["ok", bad, bad, bad]),
            (Anonymous::None, Some("Bearer a, Bearer a"), ["ok", bad, bad, bad]),
            (Anonymous::None, Some("Basic a"), ["ok", no, no, no]),
            (Anonymous::None, Some(""), ["ok", no, no, no]),
            (Anonymous::Read, None, ["ok", "ok", no, no]),
            (Anonymous::Read, Some("Bearer p"), ["ok", "ok", "ok", few]),
            (Anonymous::Read, Some("Bearer x"), ["ok", bad, bad, bad]),
            (Anonymous::Read, Some("Basic x"), ["ok", "ok", no, no]),
            (Anonymous::Write, None, ["ok", "ok", "ok", "ok"]),
            (Anonymous::Write, Some("Bearer r"), ["ok", "ok", "ok", "ok"]),
            (Anonymous::Write, Some("Bearer x"), ["ok", bad, bad, bad]),
        ] {
            assert_eq!(answers(&access(anonymous), sent), expected, "{anonymous:?} {sent:?}");
            let most =
                ALL.into_iter().zip(expected).filter(|(_, answer)| *answer == "ok").map(|(right, _)| right).max();
            assert_eq!(Some(access(anonymous).granted(sent)), most, "{anonymous:?} {sent:?}");
        }
    }

    #[test]
    fn a_right_is_told_in_a_word() {
        assert_eq!(ALL.map(Right::name), ["none", "read", "register", "admin"]);
        assert_eq!(ALL.map(|right| Right::parse(right.name())), ALL.map(Some));
        assert_eq!(["", "Admin", "write"].map(Right::parse), [None; 3]);
    }

    #[test]
    fn nothing_configured_permits_nothing_and_says_so() {
        let no = "UNAUTHORIZED";
        assert_eq!(answers(&Access::default(), None), ["ok", no, no, no]);
        let unauthorized = |access: &Access, right| access.check(right, None);
        let read = Right::Read;
        assert_eq!(unauthorized(&Access::default(), read), Err(Error::Unauthorized { right: read, possible: false }));
        let reader = Access::new(Anonymous::None, None, None, Some("r"));
        assert_eq!(unauthorized(&reader, read), Err(Error::Unauthorized { right: read, possible: true }));
        let admin = Right::Admin;
        assert_eq!(unauthorized(&reader, admin), Err(Error::Unauthorized { right: admin, possible: false }));
    }

    #[test]
    fn a_blank_secret_is_none() {
        let access = Access::new(Anonymous::None, Some(""), Some(" \n"), None);
        assert_eq!(access, Access::default());
        for sent in ["Bearer ", "Bearer", "Bearer  \n"] {
            assert_eq!(access.check(Right::Admin, Some(sent)), Err(Error::InvalidToken), "{sent:?}");
        }
    }

    #[test]
    fn one_text_for_two_secrets_permits_what_either_does() {
        let access = Access::new(Anonymous::None, Some("same"), Some("same"), Some("same"));
        assert_eq!(access.check(Right::Admin, Some("Bearer same")), Ok(()));
    }

    #[test]
    fn anonymous_is_one_of_three_words() {
        assert_eq!(
            ["none", "read", "write", "", "READ", "all"].map(Anonymous::parse),
            [Some(Anonymous::None), Some(Anonymous::Read), Some(Anonymous::Write), None, None, None]
        );
    }

    #[test]
    fn a_page_of_another_origin_changes_nothing() {
        let own = Some("http://127.0.0.1:8787");
        let origins = Origins::parse("https://a.example/ ,https://b.example:8443");
        for (origin, permitted) in [
            (None, true),
            (own, true),
            (Some("https://a.example"), true),
            (Some("https://A.example"), true),
            (Some("https://b.example:8443"), true),
            (Some("http://a.example"), false),
            (Some("https://a.example.evil"), false),
            (Some("https://b.example"), false),
            (Some("https://127.0.0.1:8787"), false),
            (Some("http://localhost:8787"), false),
            (Some("null"), false),
            (Some(""), false),
        ] {
            assert_eq!(origins.check(origin, own).is_ok(), permitted, "{origin:?}");
        }
        assert_eq!(Origins::parse("*, null, ").check(Some("null"), None), Err(Error::ForeignOrigin));
        assert_eq!(Origins::default().check(Some("https://a.example"), own), Err(Error::ForeignOrigin));
    }

    #[test]
    fn a_browser_is_told_of_the_configured_origins_alone() {
        let decorated = |configured: &str, method, origin| {
            let mut response = Response::empty(200);
            Origins::parse(configured).decorate(&mut response, method, origin);
            response.headers.split_off(1)
        };
        let a = Some("https://a.example");
        assert_eq!(decorated("", "GET", a), []);
        let vary = || ("Vary", "Origin".into());
        assert_eq!(decorated("https://a.example", "GET", Some("https://b.example")), [vary()]);
        assert_eq!(decorated("https://a.example", "GET", None), [vary()]);
        let both = "https://z.example,https://a.example";
        let (allow, expose) = ("Access-Control-Allow-Origin", "Access-Control-Expose-Headers");
        assert_eq!(decorated(both, "GET", a), [vary(), (allow, "https://a.example".into()), (expose, EXPOSED.into())]);
        let preflight = decorated(both, "OPTIONS", a);
        assert!(
            preflight.contains(&(
                "Access-Control-Allow-Headers",
                "authorization, content-type, x-lookupd-min-revision".into()
            ))
        );
        assert!(preflight.contains(&("Access-Control-Allow-Methods", "GET, POST".into())));
    }

    #[test]
    fn a_name_that_leads_here_by_accident_or_malice_is_no_host_of_ours() {
        let hosts = Hosts::parse("127.0.0.1:8787, localhost:8787");
        for (origin, known) in [
            (Some("http://127.0.0.1:8787"), true),
            (Some("http://LOCALHOST:8787"), true),
            (Some("http://evil.example:8787"), false),
            (Some("http://localhost"), false),
            (Some("localhost:8787"), false),
            (None, false),
        ] {
            assert_eq!(hosts.check(origin).is_ok(), known, "{origin:?}");
            assert_eq!(Hosts::parse("").and("own:1").check(origin), Ok(()));
        }
        assert_eq!(hosts.check(Some("http://own:1")), Err(Error::ForeignHost));
        assert_eq!(hosts.and("own:1").check(Some("http://own:1")), Ok(()));
    }
}
