import ThroughlineCore

/// Writes event records as lines of JSON into memory that is used again: with a hundred frames a second and several
/// persons in each, a general encoder costs more than the tracker.
///
/// The bytes are those of `JSONEncoder` with sorted keys and without escaped slashes; a test compares them.
struct EventLine {
  /// The line, with its end.
  private(set) var bytes: [UInt8] = []
  private var isValid = true
  private var isFirst = true

  init() { bytes.reserveCapacity(4096) }

  /// Writes a record in place of the one before.
  ///
  /// - Returns: `false` where a number of it is none, so that there is no such line.
  mutating func write(_ record: EventRecord) -> Bool {
    bytes.removeAll(keepingCapacity: true)
    isValid = true
    open("{")
    if let began = record.began { field("began", began) }
    if let camera = record.camera { field("camera", camera.rawValue) }
    if let confidence = record.confidence { field("confidence", confidence) }
    if let duration = record.duration { field("duration", duration) }
    field("event", record.event.rawValue)
    if let faces = record.faces {
      key("faces")
      list(faces) { $0.write($1) }
    }
    if let frame = record.frame { field("frame", frame) }
    if let from = record.from { field("from", from.rawValue) }
    if let identity = record.identity { field("identity", identity.rawValue) }
    if let persons = record.persons {
      key("persons")
      list(persons) { $0.write($1) }
    }
    if let reason = record.reason { field("reason", reason) }
    if let state = record.state { field("state", state) }
    if let stream = record.stream { field("stream", stream) }
    field("time", record.time)
    if let track = record.track { field("track", track) }
    field("version", UInt64(record.version))
    close("}")
    bytes.append(UInt8(ascii: "\n"))
    return isValid
  }

  private mutating func write(_ face: EventRecord.Face) {
    open("{")
    field("box", face.box)
    field("score", face.score)
    close("}")
  }

  private mutating func write(_ person: EventRecord.Person) {
    open("{")
    field("box", person.box)
    if let confidence = person.confidence { field("confidence", confidence) }
    if let face = person.face {
      key("face")
      write(face)
    }
    if let identity = person.identity { field("identity", identity.rawValue) }
    key("observed")
    append(person.observed ? "true" : "false")
    field("score", person.score)
    field("track", person.track)
    close("}")
  }

  // MARK: Structure

  private mutating func open(_ bracket: StaticString) {
    append(bracket)
    isFirst = true
  }

  private mutating func close(_ bracket: StaticString) {
    append(bracket)
    isFirst = false
  }

  private mutating func separate() {
    if !isFirst { bytes.append(UInt8(ascii: ",")) }
    isFirst = false
  }

  private mutating func key(_ name: StaticString) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    append(name)
    append("\":")
  }

  private mutating func list<Item>(_ items: [Item], _ writeItem: (inout EventLine, Item) -> Void) {
    open("[")
    for item in items {
      separate()
      writeItem(&self, item)
    }
    close("]")
  }

  private mutating func field(_ name: StaticString, _ text: String) {
    key(name)
    append(text: text)
  }

  private mutating func field(_ name: StaticString, _ number: UInt64) {
    key(name)
    append(number)
  }

  private mutating func field(_ name: StaticString, _ number: Double) {
    key(name)
    append(number)
  }

  private mutating func field(_ name: StaticString, _ box: EventRecord.Box) {
    key(name)
    append("[")
    let box = box.box
    append((box.x * 10).rounded() / 10)
    append(",")
    append((box.y * 10).rounded() / 10)
    append(",")
    append((box.width * 10).rounded() / 10)
    append(",")
    append((box.height * 10).rounded() / 10)
    append("]")
  }

  // MARK: Values

  private mutating func append(_ text: StaticString) {
    text.withUTF8Buffer { bytes.append(contentsOf: $0) }
  }

  private mutating func append(_ number: UInt64) {
    var divisor: UInt64 = 1
    while number / divisor >= 10 { divisor *= 10 }
    while divisor > 0 {
      bytes.append(UInt8(ascii: "0") + UInt8(number / divisor % 10))
      divisor /= 10
    }
  }

  private mutating func append(_ number: Double) {
    guard number.isFinite else {
      isValid = false
      return
    }
    if number == number.rounded(), abs(number) < 1e15 {
      if number.sign == .minus { bytes.append(UInt8(ascii: "-")) }
      append(UInt64(abs(number)))
    } else {
      let text = number.description
      bytes.append(contentsOf: text.hasSuffix(".0") ? text.utf8.dropLast(2) : text.utf8[...])
    }
  }

  private mutating func append(text: String) {
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""): append("\\\"")
      case UInt8(ascii: "\\"): append("\\\\")
      case 0x08: append("\\b")
      case 0x09: append("\\t")
      case 0x0A: append("\\n")
      case 0x0C: append("\\f")
      case 0x0D: append("\\r")
      case 0..<0x20:
        append("\\u00")
        for digit in [byte >> 4, byte & 15] {
          bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }
}
