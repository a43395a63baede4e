//! The crates that each crate may depend on.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

/// The allowed dependencies of each crate, among ours and those that would blur a boundary. A crate that is not listed
/// may depend on anything.
const ALLOWED: &[(&str, &[&str])] = &[
    ("confab-protocol", &["serde", "utoipa"]),
    ("confab-domain", &["icu_normalizer", "icu_properties", "thiserror", "ulid"]),
    (
        "confab-app",
        &[
            "confab-domain",
            "confab-protocol",
            "futures-util",
            "metrics",
            "serde",
            "serde_json",
            "thiserror",
            "tokio",
            "tracing",
        ],
    ),
    ("confab-memory", &["confab-app", "confab-domain"]),
    ("confab-contract", &["confab-app", "confab-domain", "futures-util", "ulid"]),
    (
        "confab-store-dynamodb",
        &[
            "aws-sdk-dynamodb",
            "confab-app",
            "confab-aws",
            "confab-domain",
            "futures-util",
            "getrandom",
            "sha2",
            "tokio",
            "zstd",
        ],
    ),
    (
        "confab-aws",
        &[
            "aws-sdk-apigatewaymanagement",
            "aws-sdk-sns",
            "aws-sdk-sqs",
            "aws-smithy-runtime-api",
            "aws-smithy-types",
            "confab-app",
            "confab-domain",
            "serde",
            "serde_json",
        ],
    ),
    (
        "confab-credentials",
        &[
            "argon2",
            "confab-app",
            "confab-domain",
            "getrandom",
            "hmac",
            "jsonwebtoken",
            "serde",
            "sha2",
            "signature",
            "thiserror",
            "tokio",
        ],
    ),
];

/// Crates of which no function may build a client by itself.
const SDK_CRATES: &[&str] = &[
    "aws-config",
    "aws-sdk-apigatewaymanagement",
    "aws-sdk-dynamodb",
    "aws-sdk-secretsmanager",
    "aws-sdk-sns",
    "aws-sdk-sqs",
];

fn metadata() -> Metadata {
    let manifest = crate::root().join("Cargo.toml");
    MetadataCommand::new().manifest_path(manifest).no_deps().exec().expect("cargo metadata")
}

/// Each of our crates with its dependencies outside of tests.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let own = |package: &cargo_metadata::Package| {
        let normal =
            package.dependencies.iter().filter(|dependency| dependency.kind == DependencyKind::Normal);
        normal.map(|dependency| dependency.name.clone()).collect()
    };
    metadata().packages.iter().map(|package| (package.name.to_string(), own(package))).collect()
}

#[test]
fn every_crate_has_only_allowed_dependencies() {
    let dependencies = dependencies();
    for (name, allowed) in ALLOWED {
        let actual = dependencies.get(*name).unwrap_or_else(|| panic!("there is no crate {name}"));
        for dependency in actual {
            assert!(allowed.contains(&dependency.as_str()), "`{name}` must not depend on `{dependency}`");
        }
        for allowed in *allowed {
            assert!(
                actual.contains(*allowed),
                "`{name}` no longer depends on `{allowed}`: take it off the list"
            );
        }
    }
}

#[test]
fn the_local_gateway_and_the_embedded_services_use_no_crate_of_ours() {
    let dependencies = dependencies();
    for name in ["confab-local-gateway", "confab-embedded-aws", "confab-event-source"] {
        let of_ours = dependencies[name].iter().find(|dependency| dependencies.contains_key(*dependency));
        assert_eq!(of_ours, None, "`{name}` must not depend on another crate of this repository");
    }
}

#[test]
fn functions_use_no_other_function_and_build_no_clients() {
    let dependencies = dependencies();
    let functions = crate::template::function_folders();
    for function in &functions {
        for dependency in &dependencies[function] {
            assert!(
                !functions.contains(dependency),
                "function `{function}` must not depend on `{dependency}`"
            );
            assert!(
                !SDK_CRATES.contains(&dependency.as_str()),
                "function `{function}` gets its clients from confab-lambda, not from `{dependency}`"
            );
        }
    }
}

#[test]
fn nothing_but_tests_depends_on_the_simulations_stores() {
    for (name, dependencies) in dependencies() {
        let allowed = name == "tests";
        assert!(
            allowed || !dependencies.contains("confab-memory"),
            "`{name}` must not depend on confab-memory"
        );
    }
}

#[test]
fn every_crate_takes_the_workspaces_lints() {
    for package in metadata().packages {
        let manifest = std::fs::read_to_string(&package.manifest_path).expect("a manifest");
        assert!(manifest.contains("[lints]\nworkspace = true"), "{} does not take them", package.name);
    }
}
