//! What is recorded of a function.

/// A function that is instrumented: constant, one for each.
#[derive(Debug)]
pub struct Site {
    service: &'static str,
    function: &'static str,
    in_module: bool,
    pub(super) latency: bool,
    pub(super) throughput: bool,
    pub(super) errors: bool,
}

impl Site {
    /// A function of a service, which is a dotted path: the series are named as it says.
    #[must_use]
    pub const fn new(service: &'static str, function: &'static str) -> Self {
        Self {
            service,
            function,
            in_module: false,
            latency: true,
            throughput: true,
            errors: true,
        }
    }

    /// A function of a module, given by its path, of which the last segment is the service.
    #[must_use]
    pub const fn in_module(path: &'static str, function: &'static str) -> Self {
        Self {
            in_module: true,
            ..Self::new(path, function)
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
        if !self.in_module {
            return format!("{}.{name}", self.service);
        }
        let module = self.service.rsplit_once("::");
        let module = module.map_or(self.service, |(_, last)| last);
        format!("foundation.{module}.{name}")
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
        let module = |path| Site::in_module(path, "get").series("get");
        assert_eq!(module("app::shop::cart"), "foundation.cart.get");
        assert_eq!(module("cart"), "foundation.cart.get");
        let service = |path| Site::new(path, "get").series("get");
        assert_eq!(service("shop.cart"), "shop.cart.get");
        assert_eq!(service("shop"), "shop.get");
    }
}
