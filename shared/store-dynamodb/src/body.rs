//! Texts of messages, compressed if that saves a write unit.

use aws_sdk_dynamodb::types::AttributeValue;

/// Size by which DynamoDB bills a write. Unit: bytes.
const WRITE_UNIT_BYTES: usize = 1024;

/// Longest text that is always stored uncompressed. Unit: bytes.
const COMPRESS_ABOVE_BYTES: usize = 1024;

/// Longest text that is unpacked. Unit: bytes.
///
/// No stored text is longer; a stored body that declares more is corrupt.
const UNPACKED_BYTES_MAX: usize = 400_000;

/// Zstandard's default level: about as fast as writing the bytes out.
const LEVEL: i32 = 3;

/// Attribute of a text: a string, or binary if it is compressed.
pub(crate) fn pack(text: &str) -> AttributeValue {
    if text.len() > COMPRESS_ABOVE_BYTES
        && let Ok(packed) = zstd::bulk::compress(text.as_bytes(), LEVEL)
        && packed.len().div_ceil(WRITE_UNIT_BYTES) < text.len().div_ceil(WRITE_UNIT_BYTES)
    {
        return AttributeValue::B(packed.into());
    }
    AttributeValue::S(text.to_owned())
}

/// Text of an attribute; `None` if the attribute is no text.
pub(crate) fn unpack(attribute: &AttributeValue) -> Option<String> {
    if let AttributeValue::B(packed) = attribute {
        let bytes = zstd::bulk::decompress(packed.as_ref(), UNPACKED_BYTES_MAX).ok()?;
        return String::from_utf8(bytes).ok();
    }
    attribute.as_s().ok().cloned()
}

/// Length of the text of an attribute, without unpacking it. Unit: bytes.
pub(crate) fn unpacked_bytes(attribute: &AttributeValue) -> usize {
    if let AttributeValue::B(packed) = attribute {
        let declared = zstd::decompressed_size(packed.as_ref());
        return declared.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(UNPACKED_BYTES_MAX);
    }
    attribute.as_s().map_or(0, String::len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected_packed: bool) {
        let attribute = pack(text);
        assert_eq!(attribute.is_b(), expected_packed);
        assert_eq!(unpacked_bytes(&attribute), text.len());
        assert_eq!(unpack(&attribute).as_deref(), Some(text));
    }

    /// Random letters: about 20 % shorter when packed.
    fn noise(chars: usize) -> String {
        let mut state = 1_u32;
        let letters = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            char::from(b'!' + (state >> 24) as u8 % 90)
        });
        letters.take(chars).collect()
    }

    #[test]
    fn a_text_is_compressed_where_that_saves_a_write_unit() {
        check("short", false);
        check(&"a".repeat(1024), false);
        check(&"hello, how are you? ".repeat(100), true);
        check(&"🙂".repeat(100_000), true);
        check(&noise(2_000), false);
    }

    #[test]
    fn a_body_that_unpacks_to_more_than_any_text_is_not_read() {
        let bomb = zstd::bulk::compress(&vec![b'x'; UNPACKED_BYTES_MAX + 1], LEVEL).unwrap();
        assert_eq!(unpack(&AttributeValue::B(bomb.into())), None);
    }
}
