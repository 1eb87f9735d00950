import Foundation

/// Writes one record's fields one after another: integers little-endian, texts and lists behind their length.
struct RecordEncoder {
  private(set) var bytes: [UInt8] = []

  mutating func append(_ value: UInt8) { bytes.append(value) }
  mutating func append(_ value: Bool) { bytes.append(value ? 1 : 0) }

  mutating func append(_ value: UInt64) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func append(_ value: UInt32) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func append(_ value: Int64) { append(UInt64(bitPattern: value)) }
  mutating func append(_ value: Double) { append(value.bitPattern) }

  mutating func append(_ value: String) { append(Array(value.utf8)) }

  mutating func append(_ value: [UInt8]) {
    append(UInt32(clamping: value.count))
    bytes.append(contentsOf: value)
  }

  mutating func append(_ value: [Float]) {
    append(UInt32(clamping: value.count))
    bytes.reserveCapacity(bytes.count + value.count * 4)
    for element in value {
      withUnsafeBytes(of: element.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
    }
  }

  mutating func append<Value>(optional value: Value?, _ body: (inout RecordEncoder, Value) -> Void) {
    append(value != nil)
    if let value { body(&self, value) }
  }
}

/// Why a record could not be read.
enum RecordFormatError: Error, Hashable {
  case truncated
  case malformed(String)
}

/// Reads what ``RecordEncoder`` wrote; every length is checked before it is used.
struct RecordDecoder {
  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var remaining: Int { bytes.count - position }

  private mutating func take(_ count: Int) throws(RecordFormatError) -> ArraySlice<UInt8> {
    guard count >= 0, count <= remaining else { throw .truncated }
    defer { position += count }
    return bytes[position..<position + count]
  }

  mutating func byte() throws(RecordFormatError) -> UInt8 {
    guard let value = try take(1).first else { throw .truncated }
    return value
  }

  mutating func boolean() throws(RecordFormatError) -> Bool {
    switch try byte() {
    case 0: false
    case 1: true
    case let other: throw .malformed("flag \(other)")
    }
  }

  mutating func unsigned() throws(RecordFormatError) -> UInt64 {
    try take(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  mutating func unsigned32() throws(RecordFormatError) -> UInt32 {
    try take(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }

  mutating func integer() throws(RecordFormatError) -> Int64 { Int64(bitPattern: try unsigned()) }
  mutating func double() throws(RecordFormatError) -> Double { Double(bitPattern: try unsigned()) }

  mutating func blob() throws(RecordFormatError) -> [UInt8] {
    let count = Int(try unsigned32())
    return Array(try take(count))
  }

  mutating func text() throws(RecordFormatError) -> String {
    guard let text = String(validating: try blob(), as: UTF8.self) else { throw .malformed("text") }
    return text
  }

  mutating func floats() throws(RecordFormatError) -> [Float] {
    let count = Int(try unsigned32())
    guard count <= remaining / 4 else { throw .truncated }
    let slice = try take(count * 4)
    return slice.withUnsafeBytes { raw in
      (0..<count).map { index in
        Float(bitPattern: UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self)))
      }
    }
  }

  mutating func optional<Value>(
    _ body: (inout RecordDecoder) throws(RecordFormatError) -> Value
  ) throws(RecordFormatError) -> Value? {
    try boolean() ? try body(&self) : nil
  }

  /// A record that is longer than its fields was not written by this format.
  func finish() throws(RecordFormatError) {
    guard remaining == 0 else { throw .malformed("\(remaining) bytes too many") }
  }
}
