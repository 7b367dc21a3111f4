"""Family 10: recordings, and files in messages."""

import re

from support.field_cases.case import Case, Completed, Incident, Waiting, file_variable
from support.field_cases.responses import chat, http, refused
from support.raw_server import Received

WAV = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA="
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgAAACAAAB4iG8MwAAAABJRU5ErkJggg=="
HEIC = "AAAAGGZ0eXBoZWljAAAAAG1pZjFoZWlj"
VISION_MODEL = "qwen/qwen3.8-27b"
AUDIO_TYPES = "flac mp3 mp4 mpeg mpga m4a ogg opus wav webm"
IMAGE_TYPES = "image/(?:jpeg|png|webp|gif);base64,"
TRANSCRIPT = {"text": " hi", "duration": 2.5, "language": "en", "segments": []}
AUDIO_SECONDS = (
    "Rate limit reached for model `whisper-large-v3-turbo` in organization `org_x` service tier `on_demand` on audio "
    "seconds per hour (ASH): Limit 7200, Used 7190, Requested 180. Please try again in 10m0s."
)
UNSUPPORTED_AUDIO = f"file must be one of the following types: [{AUDIO_TYPES}]"


def accept_groqs_audio_types(received: Received) -> bytes:
    """Transcribe a file whose name ends as Groq requires."""
    filename = re.search(rb'filename="((?:[^"\\]|\\.)*)"', received.content)[1].decode()
    if filename.rpartition(".")[2].lower() not in AUDIO_TYPES.split():
        return refused(400, UNSUPPORTED_AUDIO)
    return http(200, TRANSCRIPT)


def accept_image_types(received: Received, text: str) -> bytes:
    """Look at an image in one of the types that models read, or at a text."""
    if text not in received.content.decode():
        return refused(400, f"The request is without {text}")
    urls = re.findall(r"data:[^,]*,", received.content.decode())
    if not all(re.match(f"data:{IMAGE_TYPES}", url) for url in urls):
        return refused(400, f"invalid image data: {urls}")
    return http(200, chat("a photo", model=VISION_MODEL))


def recording(case_id, server, answer, outcome=None, *, name="call.wav", mime="audio/wav", **settings):
    return Case(
        case_id,
        server,
        answer if callable(answer) else [answer],
        outcome or Completed({"transcript": " hi"}),
        operation="transcribe",
        variables={"recording": file_variable(WAV, name, mime)},
        **settings,
    )


def named(case_id, server, name, mime):
    return recording(case_id, server, accept_groqs_audio_types, name=name, mime=mime)


def refusal(case_id, server, answer, *texts, **settings):
    incident = Incident(texts, ("Request Payload",))
    return recording(case_id, server, answer, incident, **{"paid": 0, "errors": {}, **settings})


def file_in_message(case_id, server, name, mime, *, content=PNG, text="base64", outcome=None, **settings):
    return Case(
        case_id,
        server,
        lambda received: accept_image_types(received, text),
        outcome or Completed({"aiReply": "a photo"}),
        payload={
            "model": VISION_MODEL,
            "max_tokens": 100,
            "messages": [{"role": "user", "content": ["What is this?", "${photo}"]}],
        },
        variables={"photo": file_variable(content, name, mime)},
        **settings,
    )


CASES = (
    refusal(
        "17a-could-not-process",
        "cannot read the recording",
        refused(400, "could not process file - is it a valid media file?"),
        "could not process file - is it a valid media file?",
    ),
    refusal(
        "17b-too-short",
        "refuses a recording that is too short",
        refused(400, "Audio file is too short. Minimum audio length is 0.01 seconds."),
        "Audio file is too short. Minimum audio length is 0.01 seconds.",
    ),
    named("17c-oga", "gets a voice message of Telegram, `voice.oga`", "voice.oga", "audio/ogg"),
    recording(
        "17d-json-as-text-plain",
        "calls its JSON `text/plain`",
        http(
            200,
            {
                "task": "transcribe",
                "language": "English",
                "duration": 2.5,
                "text": " hi",
                "segments": [{"start": 0, "end": 2.5, "text": " hi"}],
            },
            content_type="text/plain; charset=utf-8",
        ),
        Completed({"transcript": " hi", "segments": [{"start": 0, "end": 2.5, "text": " hi"}]}),
    ),
    recording(
        "17e-missing-fields",
        "sends only the text, although more was requested",
        http(200, {"text": " hi"}),
        Completed({"transcript": " hi", "language": None, "duration": None}),
    ),
    recording(
        "17f-duration-text",
        "sends the duration as a text, and segments null",
        http(200, {"task": "transcribe", "language": "en", "duration": "2.5", "text": " hi", "segments": None}),
        Completed({"transcript": " hi", "duration": 2.5, "segments": None}),
    ),
    named(
        "17g-emoji-name", "gets a recording whose name has quotes and an emoji", 'Anruf 😀 Köln "x".wav', "audio/wav"
    ),
    named(
        "17h-no-mime-no-ext", "gets a WAV file whose name and type say nothing", "recording", "application/octet-stream"
    ),
    recording(
        "17i-amr", "transcribes AMR, which Groq does not", http(200, TRANSCRIPT), name="call.amr", mime="audio/amr"
    ),
    refusal(
        "17j-unsupported_audio_format",
        "refuses the format of the recording",
        refused(400, UNSUPPORTED_AUDIO, "unsupported_audio_format"),
        UNSUPPORTED_AUDIO,
    ),
    recording(
        "17k-text-null",
        "sends a transcript that is null",
        http(200, {"text": None, "duration": 2.5}),
        Incident(("Check that the recording contains speech",), ("Request Payload",)),
    ),
    refusal(
        "17l-model-gone-404",
        "has no model for recordings",
        refused(
            404, "The model `whisper-large-v3-turbo` does not exist or you do not have access to it.", "model_not_found"
        ),
        "The model `whisper-large-v3-turbo` does not exist or you do not have access to it.",
    ),
    refusal(
        "17m-503",
        "is over capacity for recordings",
        refused(503, "whisper-large-v3-turbo is currently over capacity.", type="internal_server_error"),
        "whisper-large-v3-turbo is currently over capacity.",
        calls=3,
    ),
    named("17n-mediarecorder", "gets a browser's recording: `blob`, WebM", "blob", "audio/webm;codecs=opus"),
    named("17p-upper", "gets a recording with name and type in capitals", "CALL.WAV", "AUDIO/WAV"),
    named("17q-mpeg3", "gets MP3 under an old type, `audio/mpeg3`", "aufnahme", "audio/mpeg3"),
    recording(
        "17r-x-m4a-caf",
        "transcribes AAC, which Groq does not",
        http(200, TRANSCRIPT),
        name="voice.aac",
        mime="audio/aac",
    ),
    recording(
        "17s-quota-seconds",
        "is at its limit of audio seconds, for ten minutes",
        refused(429, AUDIO_SECONDS, "rate_limit_exceeded", [("retry-after", "600")], type="seconds"),
        Waiting(600, "Limit 7200, Used 7190, Requested 180"),
        paid=0,
        boundary=True,
    ),
    file_in_message("29a-image-jpg", "gets an image of the type `image/jpg`", "photo.jpg", "image/jpg"),
    file_in_message(
        "29c-params", "gets an image whose type has a parameter", "photo.jpg", "image/jpeg; charset=binary"
    ),
    file_in_message(
        "29d-heic",
        "would get a photo in HEIC, which no model reads",
        "photo.heic",
        "image/heic",
        content=HEIC,
        outcome=Incident(("'photo'", "image/heic", "Convert it to JPEG or PNG")),
        calls=0,
        paid=0,
    ),
    file_in_message("29e-octet", "gets an image whose type says nothing", "photo.png", "application/octet-stream"),
    file_in_message("29f-pdf", "gets an image that is called a PDF", "a.pdf", "application/pdf"),
    file_in_message("29g-svg", "gets an image that is called an SVG", "a.svg", "image/svg+xml"),
    file_in_message(
        "29h-text-params",
        "gets a text whose type has a parameter",
        "a.txt",
        "text/plain; charset=utf-8",
        content="R3LDvMOfZQ==",
        text="Grüße",
    ),
    file_in_message(
        "29i-csv-excel",
        "gets a CSV file that Excel wrote",
        "orders.csv",
        "application/vnd.ms-excel",
        content="YTtiCjE7Mgo=",
        text=r"a;b\n1;2",
    ),
    file_in_message(
        "29j-eml", "gets an e-mail", "mail.eml", "message/rfc822", content="U3ViamVjdDogeAoKaGVsbG8=", text="hello"
    ),
)
