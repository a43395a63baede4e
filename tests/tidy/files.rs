//! Hygiene of the source files.

use syn::visit::{self, Visit};

/// Marks of unfinished work, written so that this file does not contain them.
const UNFINISHED: [&str; 5] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("todo", "!("),
    concat!("unimplemented", "!("),
    concat!("dbg", "!("),
];

#[test]
fn nothing_is_left_unfinished() {
    for path in crate::sources(&[".rs", ".js", ".mjs", ".yaml", ".toml", ".css", ".html"]) {
        let text = crate::read(&path);
        for mark in UNFINISHED {
            assert!(!text.contains(mark), "{} holds {mark}", path.display());
        }
    }
}

#[test]
fn no_test_is_switched_off() {
    for path in crate::sources(&[".rs"]) {
        assert!(!has_ignored_test(&crate::rust::parse(&path)), "{} has an ignored test", path.display());
    }
    let off = "mod tests { #[test]\n#[ignore = \"slow\"]\nfn holds() {} }";
    assert!(has_ignored_test(&syn::parse_str(off).expect("Rust")));
    let on = "#[test]\nfn holds() { let text = \"#[ignore]\"; } // #[ignore]";
    assert!(!has_ignored_test(&syn::parse_str(on).expect("Rust")));
}

fn has_ignored_test(source: &syn::File) -> bool {
    struct Ignored(bool);
    impl<'ast> Visit<'ast> for Ignored {
        fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
            self.0 |= function.attrs.iter().any(|attribute| attribute.path().is_ident("ignore"));
            visit::visit_item_fn(self, function);
        }
    }
    let mut ignored = Ignored(false);
    ignored.visit_file(source);
    ignored.0
}

#[test]
fn every_crate_begins_with_a_description() {
    for path in crate::sources(&["lib.rs", "main.rs"]) {
        assert!(
            crate::read(&path).starts_with("//! "),
            "{} does not start with a description",
            path.display()
        );
    }
}

/// Largest number of lines of a file. A longer file is to be split.
const LINES_MAX: usize = 400;

#[test]
fn files_are_short() {
    for path in crate::sources(&[".rs", ".js", ".mjs", ".css"]) {
        let lines = crate::read(&path).lines().count();
        assert!(lines <= LINES_MAX, "{} has {lines} lines", path.display());
    }
}

/// A retry loop pauses between attempts because `Attempts` is the only way to the next one.
#[test]
fn every_retry_loop_pauses_between_attempts() {
    let folders = ["shared/app/src", "shared/store-dynamodb/src"].map(|folder| crate::root().join(folder));
    let sources = crate::sources(&[".rs"])
        .into_iter()
        .filter(|path| folders.iter().any(|in_it| path.starts_with(in_it)));
    let mut pausing = 0;
    for path in sources {
        let loops = RetryLoops::in_source(&crate::rust::parse(&path));
        assert_eq!(loops.hasty, 0, "{} counts attempts by itself", path.display());
        pausing += loops.pausing;
    }
    assert!(pausing > 15, "the loops have another form than this test expects: {pausing}");
}

#[derive(Debug, Default, PartialEq, Eq)]
struct RetryLoops {
    /// `while attempts.next().await`
    pausing: usize,
    /// `for attempt in 0..ATTEMPTS_MAX`, in whatever form.
    hasty: usize,
}

impl RetryLoops {
    fn in_source(source: &syn::File) -> Self {
        let mut loops = Self::default();
        loops.visit_file(source);
        loops
    }
}

impl<'ast> Visit<'ast> for RetryLoops {
    fn visit_expr_while(&mut self, it: &'ast syn::ExprWhile) {
        if let syn::Expr::Await(awaited) = &*it.cond
            && let syn::Expr::MethodCall(call) = &*awaited.base
            && call.method == "next"
            && matches!(&*call.receiver, syn::Expr::Path(path) if path.path.is_ident("attempts"))
        {
            self.pausing += 1;
        }
        visit::visit_expr_while(self, it);
    }

    fn visit_expr_for_loop(&mut self, it: &'ast syn::ExprForLoop) {
        self.hasty += usize::from(names_attempts(&it.expr));
        visit::visit_expr_for_loop(self, it);
    }
}

/// Whether an expression names a constant `…ATTEMPTS_MAX`.
fn names_attempts(expression: &syn::Expr) -> bool {
    struct Names(bool);
    impl<'ast> Visit<'ast> for Names {
        fn visit_ident(&mut self, name: &'ast syn::Ident) {
            self.0 |= name.to_string().ends_with("ATTEMPTS_MAX");
        }
    }
    let mut names = Names(false);
    names.visit_expr(expression);
    names.0
}

#[test]
fn a_loop_that_counts_attempts_by_itself_is_found() {
    let source = "
        // for attempt in 0..ATTEMPTS_MAX
        async fn f() {
            while attempts.next().await {}
            while others.next().await {}
            for _ in 0..limits::ATTEMPTS_MAX {}
            for _ in (0..READ_ATTEMPTS_MAX).rev() {}
            for _ in 0..USERS_MAX {}
        }
    ";
    let loops = RetryLoops::in_source(&syn::parse_str(source).expect("Rust"));
    assert_eq!(loops, RetryLoops { pausing: 1, hasty: 2 });
}
