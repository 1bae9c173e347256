//! What is recorded of a function.

/// A function that is instrumented: constant, one for each.
#[derive(Debug)]
pub struct Site {
    service: &'static str,
    function: &'static str,
    pub(super) latency: bool,
    pub(super) throughput: bool,
    pub(super) errors: bool,
}

impl Site {
    /// A function of a service: a dotted path, or the path of a module, of which the last segment is taken.
    #[must_use]
    pub const fn new(service: &'static str, function: &'static str) -> Self {
        Self {
            service,
            function,
            latency: true,
            throughput: true,
            errors: true,
        }
    }

    /// The same, of which only some is recorded.
    #[must_use]
    pub const fn recording(mut self, latency: bool, throughput: bool, errors: bool) -> Self {
        self.latency = latency;
        self.throughput = throughput;
        self.errors = errors;
        self
    }

    pub(super) const fn service(&self) -> &'static str {
        self.service
    }

    /// The name of a series beside, or of, the function.
    pub(super) fn series(&self, name: &str) -> String {
        match self.service.rsplit_once("::") {
            Some((_, module)) => format!("foundation.{module}.{name}"),
            None if self.service.contains('.') => format!("{}.{name}", self.service),
            None => format!("foundation.{}.{name}", self.service),
        }
    }

    pub(super) const fn function(&self) -> &'static str {
        self.function
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_seed_unless_they_are_given() {
        let series = |service| Site::new(service, "get").series("get");
        assert_eq!(series("app::shop::cart"), "foundation.cart.get");
        assert_eq!(series("cart"), "foundation.cart.get");
        assert_eq!(series("shop.cart"), "shop.cart.get");
    }
}
