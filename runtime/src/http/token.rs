//! The token that callers present.

use std::fmt::{self, Write as _};
use std::io;
use std::sync::Arc;

use subtle::ConstantTimeEq;

/// What callers have to present as `Authorization: Bearer …`. Cheap to clone; its debug form does not show it.
#[derive(Clone)]
pub struct Token(Arc<str>);

impl Token {
    pub(crate) fn new(token: &str) -> Self {
        Self(Arc::from(token))
    }

    /// 128 bits from the system, as hexadecimal digits.
    pub(crate) fn random() -> io::Result<Self> {
        let mut bytes = [0_u8; 16];
        getrandom::fill(&mut bytes)?;
        let text = bytes.iter().fold(String::new(), |mut text, byte| {
            let _infallible = write!(text, "{byte:02x}");
            text
        });
        Ok(Self::new(&text))
    }

    /// The token, to be shown to whoever may change things.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the token. The time it takes tells of the length at most.
    pub(crate) fn is(&self, presented: &[u8]) -> bool {
        self.0.as_bytes().ct_eq(presented).into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_token_has_32_digits_and_is_never_the_same() {
        let (a, b) = (Token::random().unwrap(), Token::random().unwrap());
        assert_eq!(a.as_str().len(), 32);
        assert!(a.as_str().bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert_ne!(a.as_str(), b.as_str());
    }

    #[test]
    fn only_the_whole_token_is_the_token() {
        let token = Token::new("secret");
        assert!(token.is(b"secret"));
        for wrong in ["", "secre", "secrets", "Secret"] {
            assert!(!token.is(wrong.as_bytes()), "{wrong}");
        }
    }

    #[test]
    fn the_debug_form_does_not_show_the_token() {
        assert_eq!(format!("{:?}", Token::new("secret")), "Token(…)");
    }
}
