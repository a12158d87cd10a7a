"""What a family is asked, what it answers, and what it advertises: plain values, no sockets."""

import dataclasses
import json

XML_TYPE = 'text/xml; charset="utf-8"'


@dataclasses.dataclass(frozen=True)
class Request:
    """One HTTP request as a family sees it."""

    port: int
    path: str
    address: str  # the device's own IPv4 address, as the asker used it
    query: str = ""
    earlier: int = 0  # how often this path was asked before
    uptime_s: float = 0.0


@dataclasses.dataclass(frozen=True)
class Answer:
    """An HTTP answer; Content-Length and Connection are added on the way out."""

    status: str
    headers: tuple = ()
    body: bytes = b""


@dataclasses.dataclass(frozen=True)
class Advert:
    """One thing a device announces by SSDP. `extra` are the vendor's own header lines."""

    target: str
    usn: str
    location: str
    server: str
    max_age_s: int = 1800
    extra: tuple = ()


def xml_answer(text, *headers):
    return Answer("200 OK", (("Content-Type", XML_TYPE), *headers), text.encode())


def json_answer(value, content_type="application/json", *headers):
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return Answer("200 OK", (("Content-Type", content_type), *headers), body)


def not_found(*headers):
    return Answer("404 Not Found", headers)


def escape(text):
    """XML text. The standard library's own would load a web client with it, in every emulator."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def xml_lines(fields, indent=2):
    """`<tag>value</tag>` lines; an empty value becomes `<tag/>`, as devices write it."""
    pad = " " * indent
    return "\n".join(
        f"{pad}<{tag}>{escape(str(value))}</{tag}>" if value != "" else f"{pad}<{tag}/>"
        for tag, value in fields
    )
