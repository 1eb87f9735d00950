import Logging

/// What the program says about itself while it works: one line each on standard error.
enum ProgramLog {
  static func make(level: String) -> Logger {
    var logger = Logger(label: "throughline") { _ in ConsoleHandler() }
    logger.logLevel = Logger.Level(rawValue: level) ?? .warning
    return logger
  }
}

private struct ConsoleHandler: LogHandler {
  var metadata = Logger.Metadata()
  var logLevel = Logger.Level.warning

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) { Console.write("throughline: \(event.level): \(event.message)") }
}
