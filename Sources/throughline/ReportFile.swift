import Foundation

/// Where a command leaves its figures for a machine to read.
enum ReportFile {
  /// Writes figures as JSON, keys in order; does nothing where no file is wanted.
  static func write(_ figures: some Encodable, to path: String?) throws {
    guard let path else { return }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    do { try encoder.encode(figures).write(to: URL(filePath: path)) } catch {
      throw CommandFailure.failed("cannot write '\(path)': \(error.localizedDescription)")
    }
  }
}
