use super::*;

fn limits() -> Limits {
    Limits { frame_bytes_max: 20, message_bytes_max: 50, ..Limits::default() }
}

/// A masked frame; `first` holds FIN and the opcode.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x12, 0x34, 0x56, 0x78];
    let length = u8::try_from(payload.len()).expect("a short payload");
    let mut bytes = vec![first, 0x80 | length];
    bytes.extend(mask);
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

/// Feeds the bytes one by one and returns what came out, up to an error.
fn read(bytes: &[u8]) -> (Vec<Incoming>, Option<CloseReason>) {
    let mut reader = FrameReader::new(Bytes::new(), &limits());
    let mut incoming = Vec::new();
    for byte in bytes {
        reader.space().put_u8(*byte);
        loop {
            match reader.next() {
                Ok(Some(item)) => incoming.push(item),
                Ok(None) => break,
                Err(reason) => return (incoming, Some(reason)),
            }
        }
    }
    (incoming, None)
}

fn message(is_text: bool, bytes: &[u8]) -> Incoming {
    Incoming::Message(Payload { is_text, bytes: bytes.into() })
}

#[track_caller]
fn check_refused(bytes: &[u8], reason: CloseReason) {
    assert_eq!(read(bytes), (vec![], Some(reason)));
}

#[test]
fn a_message_in_fragments_is_put_together_around_control_frames() {
    let bytes =
        [frame(0x01, b"he"), frame(0x89, b"p"), frame(0x00, b"ll"), frame(0x80, b"o!!!!!!!!")].concat();
    let ping = Incoming::Ping(Bytes::from_static(b"p"));
    assert_eq!(read(&bytes), (vec![ping, message(true, b"hello!!!!!!!!")], None));
}

#[test]
fn text_that_is_not_utf8_is_read_like_any_other() {
    let bytes =
        [frame(0x81, b"\xff"), frame(0x01, b"\xc3"), frame(0x80, b"\x28"), frame(0x82, b"ok")].concat();
    let expected = vec![message(true, b"\xff"), message(true, b"\xc3\x28"), message(false, b"ok")];
    assert_eq!(read(&bytes), (expected, None));
}

#[test]
fn limits_hold_for_frames_and_for_messages() {
    check_refused(&frame(0x81, &[b'a'; 21]), CloseReason::TOO_BIG);
    let fragments = [frame(0x01, &[b'a'; 20]), frame(0x00, &[b'a'; 20]), frame(0x80, &[b'a'; 11])].concat();
    check_refused(&fragments, CloseReason::TOO_BIG);
    let whole = [frame(0x01, &[b'a'; 20]), frame(0x00, &[b'a'; 20]), frame(0x80, &[b'a'; 10])].concat();
    assert_eq!(read(&whole), (vec![message(true, &[b'a'; 50])], None));
}

#[test]
fn frames_that_the_protocol_forbids_are_refused() {
    let error = CloseReason::PROTOCOL_ERROR;
    check_refused(&[0x81, 0x01, b'a'], error);
    check_refused(&frame(0xC1, b"reserved bit"), error);
    check_refused(&frame(0x83, b"reserved opcode"), error);
    check_refused(&frame(0x09, b"ping in fragments"), error);
    check_refused(&frame(0x80, b"continues nothing"), error);
    check_refused(&[frame(0x01, b"a"), frame(0x81, b"b")].concat(), error);
    check_refused(&frame(0x88, b"x"), error);
    check_refused(&frame(0x88, &999u16.to_be_bytes()), error);
}

#[test]
fn a_close_frame_has_a_code_and_a_text_or_neither() {
    assert_eq!(read(&frame(0x88, b"")).0, [Incoming::Close(None)]);
    assert_eq!(read(&frame(0x88, b"\x0f\xa0bye")).0, [Incoming::Close(Some((4000, "bye".to_owned())))]);
}

#[test]
fn after_a_frame_that_is_too_big_the_close_frame_is_still_found() {
    let mut reader = FrameReader::new(Bytes::from(frame(0x81, &[b'a'; 30])), &limits());
    assert_eq!(reader.next(), Err(CloseReason::TOO_BIG));
    assert!(!reader.discard());
    reader.space().extend_from_slice(&[frame(0x81, b"more"), frame(0x88, b"")].concat());
    assert!(reader.discard());
}

#[test]
fn outbound_frames_are_text_if_they_can_be() {
    let mut out = BytesMut::new();
    put_message(&mut out, Bytes::from_static("é".as_bytes()));
    put_message(&mut out, Bytes::from_static(b"\xff"));
    put_pong(&mut out, Bytes::from_static(b"p"));
    put_close(&mut out, Some((1001, "Go")));
    put_close(&mut out, None);
    assert_eq!(&out[..], b"\x81\x02\xc3\xa9\x82\x01\xff\x8a\x01p\x88\x04\x03\xe9Go\x88\x00");
}
