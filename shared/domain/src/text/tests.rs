//! Unusual texts, each with the name that it is cleaned to.

use proptest::prelude::*;

use super::*;

const WOMAN: char = '👩';
const MAN: char = '👨';

/// Checks that a name stays as it is.
#[track_caller]
fn check_kept(name: &str) {
    check_cleaned(name, name);
}

#[track_caller]
fn check_cleaned(text: &str, name: &str) {
    assert_eq!(clean_name(text).as_deref(), Ok(name), "{text:?}");
    assert_eq!(clean_name(name).as_deref(), Ok(name), "{name:?} is cleaned again");
}

#[track_caller]
fn check_refused(text: &str, problem: BadName) {
    assert_eq!(clean_name(text), Err(problem), "{text:?}");
}

/// Source: RFC 8266, section 3, "Examples".
#[test]
fn names_of_any_script_are_kept() {
    for name in [
        "Foo",
        "foo",
        "Foo Bar",
        "Σ",
        "σ",
        "ς",
        "ẞ",
        "Ann-Marie O'Neil",
        "Þórbjörg",
        "Nguyễn Thị Minh",
        "李小龍",
        "山田 太郎",
        "김민준",
        "Владимир",
        "שָׁלוֹם",
        "محمد",
        "สมชาย",
        "தமிழ்",
        "ქეთევან",
        "Ọlá",
        "7",
        "?",
        "🙂",
        "\u{f8ff}",
        "x\u{378}",
    ] {
        check_kept(name);
    }
}

/// Source: RFC 8266, section 2.1: blanks at the ends are dropped, runs become one space, other spaces become a plain
/// one.
#[test]
fn blanks_become_one_space() {
    for (text, name) in [
        ("  Ann ", "Ann"),
        ("Ann   Lee", "Ann Lee"),
        ("Ann\u{a0}\u{2003}Lee", "Ann Lee"),
        ("山田\u{3000}太郎", "山田 太郎"),
        ("\u{2800}Ann\u{2800}\u{2800}Lee\u{2800}", "Ann Lee"),
        ("A\u{1680}B\u{202f}C\u{205f}D", "A B C D"),
        ("\t Ann \r\n", "Ann"),
    ] {
        check_cleaned(text, name);
    }
}

#[test]
fn letters_and_their_accents_are_composed() {
    check_cleaned("Zoe\u{308}", "Zo\u{eb}");
    check_cleaned("\u{1112}\u{1161}\u{11ab}", "한");
    check_cleaned("Zoe\u{200b}\u{308}", "Zo\u{eb}");
    check_cleaned("\u{212b}", "\u{c5}");
}

#[test]
fn invisible_characters_are_dropped() {
    for invisible in [
        '\u{ad}',
        '\u{34f}',
        '\u{61c}',
        '\u{115f}',
        '\u{1160}',
        '\u{17b4}',
        '\u{180b}',
        '\u{180e}',
        '\u{200b}',
        '\u{200c}',
        '\u{200d}',
        '\u{200e}',
        '\u{200f}',
        '\u{202a}',
        '\u{202e}',
        '\u{2060}',
        '\u{2063}',
        '\u{2066}',
        '\u{2069}',
        '\u{206f}',
        '\u{3164}',
        '\u{fe00}',
        '\u{fe0e}',
        '\u{fe0f}',
        '\u{feff}',
        '\u{ffa0}',
        '\u{fff0}',
        '\u{fff9}',
        '\u{13430}',
        '\u{1bca0}',
        '\u{1d173}',
        '\u{e0001}',
        '\u{e0067}',
        '\u{e007f}',
        '\u{e0100}',
        '\u{e01ef}',
        '\u{e0fff}',
    ] {
        check_cleaned(&format!("A{invisible}B"), "AB");
        check_cleaned(&format!("{invisible}A{invisible}{invisible}"), "A");
        check_refused(&format!("{invisible}"), BadName::Invisible);
        check_refused(&format!(" {invisible} {invisible}"), BadName::Invisible);
        assert!(!has_visible(&format!("\n{invisible}\u{2800}")), "{invisible:?} is visible");
    }
}

#[test]
fn a_name_has_a_visible_character() {
    for text in [
        "",
        " ",
        "\u{2800}",
        "\u{3164}\u{3164}",
        "\u{1d159}",
        "\u{16fe4}",
        "\u{fffc}",
        "\u{301}",
        "\u{20dd}",
        "\u{feff}",
    ] {
        check_refused(text, BadName::Invisible);
    }
}

#[test]
fn controls_and_ends_of_lines_are_refused() {
    for control in [
        '\0',
        '\u{7}',
        '\n',
        '\t',
        '\u{1b}',
        '\u{7f}',
        '\u{85}',
        '\u{9b}',
        '\u{2028}',
        '\u{2029}',
        '\u{fffe}',
        '\u{1fffe}',
        '\u{fdd0}',
    ] {
        check_refused(&format!("A{control}B"), BadName::Control);
        assert!(!has_visible(&control.to_string()), "{control:?} is visible");
    }
}

#[test]
fn emoji_stay_whole() {
    for emoji in [
        "👩\u{200d}🚀",
        "👩🏽\u{200d}🚀",
        "👨\u{200d}👩\u{200d}👧\u{200d}👦",
        "❤\u{fe0f}",
        "❤\u{fe0f}\u{200d}🔥",
        "🏳\u{fe0f}\u{200d}🌈",
        "🏴\u{200d}☠\u{fe0f}",
        "🏃🏾\u{200d}♀\u{fe0f}\u{200d}➡\u{fe0f}",
        "👁\u{fe0f}\u{200d}🗨\u{fe0f}",
        "🇩🇪",
        "1\u{fe0f}\u{20e3}",
        "#\u{fe0f}\u{20e3}*\u{fe0f}\u{20e3}",
        "☎\u{fe0e}",
        "©\u{fe0f}",
        "👍🏿",
        "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
        "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}x",
    ] {
        check_kept(emoji);
        check_kept(&format!("A{emoji}B"));
        assert!(has_visible(emoji));
    }
}

#[test]
fn characters_that_no_emoji_needs_are_dropped() {
    for (text, name) in [
        (format!("{WOMAN}\u{200d}"), WOMAN.to_string()),
        (format!("{WOMAN}\u{200d}x"), format!("{WOMAN}x")),
        (format!("{WOMAN}\u{200d}\u{200d}{MAN}"), format!("{WOMAN}\u{200d}{MAN}")),
        (format!("\u{200d}{MAN}"), MAN.to_string()),
        (format!("{WOMAN}\u{fe0f}\u{fe0f}"), format!("{WOMAN}\u{fe0f}")),
        ("1\u{fe0f}".to_owned(), "1".to_owned()),
        ("A\u{fe0f}".to_owned(), "A".to_owned()),
        // A flag with hidden words, one without an end, and tags without a flag.
        ("🏴\u{e0068}\u{e0069}\u{e007f}".to_owned(), "🏴".to_owned()),
        ("🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}".to_owned(), "🏴".to_owned()),
        ("x\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}".to_owned(), "x".to_owned()),
    ] {
        check_cleaned(&text, &name);
    }
}

#[test]
fn joiners_stay_where_a_script_needs_them() {
    for name in [
        "می\u{200c}خواهم", // Persian: the letters are not joined.
        "علی\u{200c}رضا",
        "نازنین\u{200c}زهرا",
        "ه\u{200d}",                     // An initial form that stands alone.
        "\u{915}\u{94d}\u{200d}\u{937}", // Devanagari: half a letter.
        "\u{915}\u{94d}\u{200c}\u{937}", // Devanagari: a virama that is shown.
        "\u{9b0}\u{200d}\u{9cd}\u{9af}\u{9be}\u{99a}\u{9c7}\u{9b2}", // Bengali: Rachel.
        "\u{dc1}\u{dca}\u{200d}\u{dbb}\u{dd3}", // Sinhala: Shri.
        "\u{d28}\u{d4d}\u{200d}",        // Malayalam: a chillu.
        "\u{1820}\u{180b}\u{182d}\u{180e}\u{1820}", // Mongolian.
        "葛\u{e0100}",                   // A variant of an ideograph.
    ] {
        check_kept(name);
    }
}

#[test]
fn joiners_that_join_nothing_are_dropped() {
    for (text, name) in [
        ("می\u{200c}", "می"),
        ("\u{200c}می", "می"),
        ("می\u{200c}\u{200c}خواهم", "می\u{200c}خواهم"),
        ("دا\u{200c}د", "داد"), // Alef joins nothing after it.
        ("ب\u{200d}ب", "بب"),   // They are joined anyway.
        ("A\u{200c}B\u{200d}C", "ABC"),
        ("\u{915}\u{94d}\u{200c}", "\u{915}\u{94d}"),
        ("A\u{e0100}", "A"),
    ] {
        check_cleaned(text, name);
    }
}

#[test]
fn any_visible_character_is_enough_for_a_text() {
    for text in ["a", " . ", "\u{301}", "\u{fffd}", "\u{378}", "\u{e000}", "\u{600}", "\u{200d}\u{200d}?"] {
        assert!(has_visible(text), "{text:?}");
    }
    for text in ["", " \n\t", "\u{a0}\u{3000}", "\u{2800}", "\0\u{1b}", "\u{200d}\u{fe0f}", "\u{2028}"] {
        assert!(!has_visible(text), "{text:?}");
    }
}

#[test]
fn passwords_that_look_the_same_are_the_same() {
    assert_eq!(opaque("passe\u{301}word"), opaque("pass\u{e9}word"));
    assert_eq!(opaque("\u{1112}\u{1161}\u{11ab}"), Ok("한".to_owned()));
    assert_eq!(opaque("a\u{a0}b\u{3000}c"), Ok("a b c".to_owned()));
    // Case, width and blanks at the ends count: RFC 8265, section 4.2.
    for password in [
        " correct horse ",
        "Correct Horse",
        "ｗｉｄｅ",
        "Σσς",
        "π",
        "foo⚷bar",
        "👩🏽\u{200d}🚀",
        "می\u{200c}خواهم",
        "\u{1fae9}",
    ] {
        assert_eq!(opaque(password).as_deref(), Ok(password));
    }
    for password in [
        "a\u{0}b",
        "my cat is a \u{9}by",
        "a\nb",
        "a\u{200b}b",
        "a\u{ad}b",
        "\u{feff}a",
        "a\u{202e}b",
        "a\u{fffe}b",
    ] {
        assert_eq!(opaque(password), Err(Unseen), "{password:?}");
    }
}

proptest! {
    #[test]
    fn a_clean_name_is_clean_and_can_be_seen(
        text in prop::collection::vec(
            prop_oneof![
                any::<char>(),
                prop::sample::select(vec![
                    ' ', 'A', '1', '\u{200b}', '\u{200c}', '\u{200d}', '\u{fe0e}', '\u{fe0f}', '\u{20e3}', '\u{301}', '\u{2800}',
                    '👩', '🏽', '🔥', '❤', '🏴', 'ی', 'خ', 'ا', '\u{64e}', '\u{915}', '\u{94d}', '\u{9b0}', '葛', '\u{e0100}',
                    '\u{e0067}', '\u{e0062}', '\u{e0065}', '\u{e006e}', '\u{e007f}', '\u{1820}', '\u{180b}', '\u{180e}',
                ]),
            ],
            0..12,
        )
    ) {
        let text: String = text.into_iter().collect();
        if let Ok(name) = clean_name(&text) {
            prop_assert_eq!(clean_name(&name), Ok(name.clone()));
            prop_assert!(has_visible(&name) && name.trim() == name);
        }
        if let Ok(password) = opaque(&text) {
            prop_assert_eq!(opaque(&password), Ok(password.clone()));
        }
    }
}
