import Foundation

/// `throughline replay` in a process of its own, so that its work is not counted as ours and it can be killed.
final class ReplayProcess {
  private let process = Process()
  /// One address for each file, in their order.
  let addresses: [String]

  /// Starts it and waits until it serves.
  ///
  /// - Parameters:
  ///   - files: served as `cam1`, `cam2` and so on.
  ///   - port: where; 0 takes a free one.
  init(files: [String], port: Int = 0) throws {
    let output = Pipe()
    process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments =
      ["replay", "--rtsp", "127.0.0.1:\(port)"] + zip(1..., files).map { "cam\($0)=\($1)" }
    process.standardOutput = output
    do { try process.run() } catch {
      throw CommandFailure.failed("the RTSP server cannot be started: \(error.localizedDescription)")
    }
    var text = ""
    while text.split(separator: "\n").count < files.count || !text.hasSuffix("\n") {
      let data = output.fileHandleForReading.availableData
      guard !data.isEmpty else { throw CommandFailure.failed("the RTSP server ended at once") }
      text += String(decoding: data, as: UTF8.self)
    }
    try? output.fileHandleForReading.close()
    addresses = text.split(separator: "\n").map(String.init)
  }

  /// The port that it serves at.
  var port: Int { addresses.first.flatMap { URL(string: $0)?.port } ?? 0 }

  /// Ends it as a user would.
  func stop() { end(SIGTERM) }

  /// Ends it as a power cut would.
  func kill() { end(SIGKILL) }

  private func end(_ signal: Int32) {
    guard process.isRunning else { return }
    Foundation.kill(process.processIdentifier, signal)
    process.waitUntilExit()
  }
}
