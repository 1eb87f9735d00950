import ArgumentParser
import Foundation
import Media
import ThroughlineCore

/// Files as network cameras, for tests, demonstrations and integration.
struct ReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay", abstract: "Serve video files as RTSP cameras, each in a loop and in real time.",
    discussion: """
      Files with H.264 or H.265 video are served as they are, at rtsp://HOST:PORT/NAME, where NAME is the file's name \
      without its ending, or what stands before NAME=FILE. Only this machine can connect unless --host says otherwise. \
      Ctrl-C ends it.
      """)

  @Argument(help: "Video files; NAME=FILE chooses the name.") var files: [String]
  @Option(
    help: ArgumentHelp("Where to listen: :PORT or HOST:PORT; port 0 takes a free one.", valueName: "address"))
  var rtsp = ":8554"
  @Option(help: "The user name to ask for.") var user: String?
  @Option(help: ArgumentHelp("The environment variable with the password to ask for.", valueName: "variable"))
  var passwordEnvironment: String?

  @Option(
    help: ArgumentHelp("Encrypt (rtsps://) and show this certificate, a PEM file.", valueName: "file"))
  var certificate: String?
  @Option(
    help: ArgumentHelp(
      "The certificate's private key, a PEM file; without it both stand in one file.", valueName: "file"))
  var key: String?

  func run() throws {
    var options = RTSPFileServerOptions()
    let parts = rtsp.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, let port = Int(parts[1]), (0...65535).contains(port) else {
      throw CommandFailure.usage("'\(rtsp)' is no address to listen at; write :PORT or HOST:PORT")
    }
    if !parts[0].isEmpty { options.host = String(parts[0]) }
    options.port = port
    options.user = user
    if let variable = passwordEnvironment {
      guard let password = ProcessInfo.processInfo.environment[variable], !password.isEmpty else {
        throw CommandFailure.usage("the environment variable \(variable) with the password is not set")
      }
      options.password = password
    }
    guard key == nil || certificate != nil else {
      throw CommandFailure.usage("--key belongs to a certificate; give --certificate as well")
    }
    options.certificateFile = certificate
    options.keyFile = key
    var mounts: [RTSPFileServer.Mount] = []
    for argument in files {
      if let equals = argument.firstIndex(of: "="), let name = CameraName(String(argument[..<equals])) {
        mounts.append(.init(name: name.rawValue, file: String(argument[argument.index(after: equals)...])))
      } else {
        let name = CameraName(sanitizing: URL(filePath: argument).deletingPathExtension().lastPathComponent)
        mounts.append(.init(name: name.rawValue, file: argument))
      }
    }
    let server: RTSPFileServer
    do { server = try RTSPFileServer(mounts, options: options) } catch {
      throw CommandFailure.failed("\(error)")
    }
    // Written past the buffer, so that whoever started this program can read the addresses at once.
    FileHandle.standardOutput.write(Data(server.addresses.map { $0 + "\n" }.joined().utf8))
    let done = DispatchSemaphore(value: 0)
    let signals = SignalWatcher { done.signal() }
    done.wait()
    signals.cancel()
    server.stop()
  }
}
