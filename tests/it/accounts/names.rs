//! Names of users, groups and devices, and texts without visible characters.

use serde_json::{Value, json};
use tests::{Chat, fresh_id};

/// Names as they are sent, and as they are shown.
const CLEANED: [(&str, &str); 8] = [
    ("A\u{200b}nn\u{202e}", "Ann"),
    ("Ann \u{2800} \u{a0} Lee", "Ann Lee"),
    ("Zoe\u{308}", "Zo\u{eb}"),
    ("\u{3164}Ann\u{ffa0}", "Ann"),
    ("👩🏽\u{200d}🚀 ❤\u{fe0f} 🇩🇪 1\u{fe0f}\u{20e3}", "👩🏽\u{200d}🚀 ❤\u{fe0f} 🇩🇪 1\u{fe0f}\u{20e3}"),
    ("می\u{200c}خواهم", "می\u{200c}خواهم"),
    ("\u{915}\u{94d}\u{200d}\u{937}", "\u{915}\u{94d}\u{200d}\u{937}"),
    ("A\u{200d}B\u{fe0f}\u{e0067}", "AB"),
];

const INVISIBLE: [&str; 9] =
    ["", " ", "\u{200b}", "\u{2800}", "\u{3164}", "\u{200d}\u{fe0f}", "\u{ad}", "\u{e0067}", "\u{301}"];

#[tokio::test]
async fn nothing_invisible_is_in_a_name() {
    let alice = Chat::new().user().await;
    let group = alice.create_group(&[]).await;
    for (name, kept) in CLEANED {
        assert_eq!(
            alice.http.patch("/v1/me", &json!({"display_name": name})).await.ok()["display_name"],
            kept
        );
        assert_eq!(alice.rename_group(&group, name).await.ok()["name"], kept);
    }
    let signup = json!({"handle": tests::fresh_handle(), "password": "correct horse",
        "display_name": "\u{feff}Bob", "device": {"name": "Bob\u{2019}s\u{a0}phone\u{200e}", "platform": "web"}});
    let bob = alice.renewed(&alice.chat().signup(&signup).await.with_status(201));
    assert_eq!(bob.http.get("/v1/me").await.ok()["display_name"], "Bob");
    assert_eq!(bob.http.get("/v1/devices").await.ok()["devices"][0]["name"], "Bob\u{2019}s phone");
}

#[tokio::test]
async fn a_name_has_something_to_see() {
    let alice = Chat::new().user().await;
    let group = alice.create_group(&[]).await;
    for name in INVISIBLE.into_iter().chain(["A\u{0}", "A\u{2028}B", "A\u{85}B", "A\u{fdd0}"]) {
        let answers = [
            alice.http.patch("/v1/me", &json!({"display_name": name})).await,
            alice.rename_group(&group, name).await,
            alice.post_group(name, &[]).await,
            alice
                .chat()
                .http
                .post(
                    "/v1/login",
                    &json!({"handle": alice.handle, "password": alice.password, "device": {"name": name}}),
                )
                .await,
        ];
        for answer in answers {
            let error = answer.refused(400, "bad_request");
            assert!(error["message"].as_str().unwrap().contains("name"), "{error}");
        }
    }
    assert_eq!(alice.http.get("/v1/me").await.ok()["display_name"], alice.handle);
}

#[tokio::test]
async fn a_text_of_which_nothing_can_be_seen_is_refused() {
    let [alice, bob] = Chat::new().users().await;
    let (mut phone, dm) = (alice.connect().await, alice.dm(&bob));
    let texts = [
        " ",
        "\n\t ",
        "\u{0}",
        "\u{a0}\u{3000}",
        "\u{200b}",
        "\u{2800}\u{2800}",
        "\u{3164}",
        "\u{200d}\u{fe0f}",
        "\u{feff}",
        "\u{e0041}",
    ];
    for text in texts {
        let error = phone.refused(json!({"action": "send", "to": bob.id, "text": text}), "bad_request").await;
        assert!(error["message"].as_str().unwrap().contains("text"), "{error}");
        let body = json!({"client_message_id": fresh_id(), "text": text});
        alice.post_message(&dm, &body).await.refused(400, "bad_request");
    }
    assert_eq!(bob.chat_list().await, Vec::<Value>::new());
    for (seq, text) in [" . ", "\u{200b}\u{200b}a", "❤", "\u{301}", "\u{fffd}"].into_iter().enumerate() {
        assert_eq!(alice.post_text(&dm, text).await["seq"], seq + 1);
    }
}
