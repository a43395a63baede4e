//! What the checks read from Rust sources.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use syn::visit::{self, Visit};

/// Parses a source file of the repository.
pub(crate) fn parse(path: impl AsRef<Path>) -> syn::File {
    let path = path.as_ref();
    syn::parse_file(&crate::read(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The variables that a function in `functions/` reads, by itself and through `confab_lambda::env`.
pub(crate) fn variables_read(function: &str) -> BTreeSet<String> {
    let folder = crate::root().join("functions").join(function).join("src");
    let sources = crate::sources(&[".rs"]).into_iter().filter(|path| path.starts_with(&folder));
    let helpers = env_helpers(&parse("shared/lambda/src/env.rs"));
    sources.flat_map(|path| variables_in(&parse(path), &helpers)).collect()
}

/// The variables that each method of `Env` reads.
fn env_helpers(source: &syn::File) -> BTreeMap<String, BTreeSet<String>> {
    let mut helpers = BTreeMap::new();
    for item in &source.items {
        let syn::Item::Impl(implementation) = item else { continue };
        for item in &implementation.items {
            let syn::ImplItem::Fn(method) = item else { continue };
            let mut variables = Variables::default();
            variables.visit_block(&method.block);
            helpers.insert(method.sig.ident.to_string(), variables.named);
        }
    }
    helpers
}

/// The variables that a file names outside of tests, and those of the methods that it calls on an `env`.
fn variables_in(source: &syn::File, helpers: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<String> {
    let mut variables = Variables::default();
    variables.visit_file(source);
    let called = variables.called.iter().filter_map(|method| helpers.get(method)).flatten();
    called.cloned().chain(variables.named.iter().cloned()).collect()
}

#[derive(Default)]
struct Variables {
    /// Texts that are names of variables.
    named: BTreeSet<String>,
    /// Methods that are called on `env`.
    called: BTreeSet<String>,
}

impl<'ast> Visit<'ast> for Variables {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !is_test(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_lit_str(&mut self, text: &'ast syn::LitStr) {
        let text = text.value();
        let is_part = |c: char| c.is_ascii_uppercase() || c == '_';
        if text.strip_prefix("CONFAB_").is_some_and(|rest| !rest.is_empty() && rest.chars().all(is_part)) {
            self.named.insert(text);
        }
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        if matches!(&*call.receiver, syn::Expr::Path(path) if path.path.is_ident("env")) {
            self.called.insert(call.method.to_string());
        }
        visit::visit_expr_method_call(self, call);
    }
}

/// Whether attributes leave an item out of what is not a test.
fn is_test(attributes: &[syn::Attribute]) -> bool {
    let is_cfg_test = |attribute: &syn::Attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
    };
    attributes.iter().any(is_cfg_test)
}

#[test]
fn a_variable_is_read_by_its_name_or_by_a_method_of_env() {
    let helpers = r#"
        impl Env {
            fn tables(&mut self) -> Tables { Tables { users: self.get("CONFAB_USERS_TABLE") } }
            fn retention(&mut self) -> Retention { Retention::days(self.get("CONFAB_RETENTION_DAYS")) }
        }
    "#;
    let helpers = env_helpers(&syn::parse_str(helpers).expect("Rust"));
    let variables = |source: &str| variables_in(&syn::parse_str(source).expect("Rust"), &helpers);
    let both =
        r#"fn main() { let tables = env.tables(); let url: String = env.get("CONFAB_PUSH_QUEUE_URL"); }"#;
    let names = ["CONFAB_PUSH_QUEUE_URL", "CONFAB_USERS_TABLE"].map(str::to_owned);
    assert_eq!(variables(both), BTreeSet::from(names));
    let neither = r#"
        // env.get("CONFAB_PUSH_QUEUE_URL")
        fn main() { store.tables(); fail("CONFAB_PUSH_QUEUE_URL is missing"); }
        #[cfg(test)]
        mod tests { fn test() { env.get("CONFAB_PUSH_QUEUE_URL") } }
    "#;
    assert_eq!(variables(neither), BTreeSet::new());
}
