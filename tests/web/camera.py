"""What the browser's camera sees: the label of a bank, and how a browser without a reader of labels gets one.

Chromium reads labels on Android and on macOS and has no `BarcodeDetector` elsewhere. The one given here
stands for it: it looks at the picture that the page shows, and finds a number in black and white bars.
"""

from pathlib import Path

# A bank that no cabinet has.
LABELLED = "bnk-054321"
_NUMBER = 54_321
_BARS, _BAR_WIDTH, _HEIGHT = 16, 20, 240

READER = """globalThis.BarcodeDetector = class {
  async detect(video) {
    const { videoWidth: width, videoHeight: height } = video
    const pen = new OffscreenCanvas(width, height).getContext('2d')
    pen.drawImage(video, 0, 0)
    const { data } = pen.getImageData(0, height >> 1, width, 1)
    let number = 0
    for (let bar = 0; bar < 16; bar++)
      number = 2 * number + (data[4 * Math.floor(((bar + 0.5) * width) / 16)] > 127 ? 1 : 0)
    return [{ rawValue: `https://chargeloop.example/b/bnk-${String(number).padStart(6, '0')}` }]
  }
}"""


def film(directory: Path) -> Path:
    """Write the film that the camera shows, in Y4M, and return its file."""
    bits = f"{_NUMBER:0{_BARS}b}"
    line = b"".join((b"\xeb" if bit == "1" else b"\x10") * _BAR_WIDTH for bit in bits)
    width = _BARS * _BAR_WIDTH
    grey = b"\x80" * (width * _HEIGHT // 2)
    head = f"YUV4MPEG2 W{width} H{_HEIGHT} F5:1 Ip A1:1 C420jpeg\nFRAME\n".encode()
    path = directory / "label.y4m"
    path.write_bytes(head + line * _HEIGHT + grey)
    return path
