import ArgumentParser
import CAllocator
import Foundation

/// The command line.
@main
struct Throughline: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "throughline",
    abstract: "One person, one identity, through every camera.",
    discussion: """
      Reads many cameras at once, finds persons and faces, follows each person inside a camera and across cameras, \
      and says who was where and when. Faces are covered before any picture leaves the process.

      Exit codes: 0 done, 1 something failed, 2 the command was not understood.
      """,
    version: ProgramVersion.text,
    subcommands: [
      RunCommand.self, GalleryCommand.self, ConfigCommand.self, ModelsCommand.self, EvaluateCommand.self,
      CalibrateCommand.self, BenchCommand.self, ReplayCommand.self, DoctorCommand.self,
    ])

  /// Pictures of 1080p are larger than this, in bytes. Left alone, the C library keeps their memory once some have been
  /// freed, in pieces between what is in use, and a run that goes on for hours grows. Those of 640x360 are smaller: mapping
  /// them by themselves would cost a fifth of decoding them (performance.md).
  private static let largeMemory: Int32 = 512 << 10
  /// So many areas of the allocator's memory are there for each core. The C library makes eight, and what is free in one
  /// is of no use to a thread that takes from another.
  private static let areasPerCore = 1

  /// Usage errors end with 2 and failures with 1, each with one line on standard error.
  static func main() {
    // A file that may not grow is an error like a full disk, not the end of the program.
    signal(SIGXFSZ, SIG_IGN)
    _ = callocator_return_large_memory(largeMemory)
    _ = callocator_limit_areas(Int32(clamping: areasPerCore * ProcessInfo.processInfo.activeProcessorCount))
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch {
      end(with: error)
    }
  }

  private static func end(with error: any Error) -> Never {
    if let failure = error as? CommandFailure {
      Console.error(failure.message)
      Foundation.exit(failure.isUsage ? 2 : 1)
    }
    switch exitCode(for: error) {
    case .success:
      print(fullMessage(for: error))
      Foundation.exit(0)
    case .validationFailure:
      Console.write(fullMessage(for: error))
      Foundation.exit(2)
    default:
      if error is ExitCode { Foundation.exit(exitCode(for: error).rawValue) }
      Console.error("\(error)")
      Foundation.exit(1)
    }
  }
}

/// What `--version` prints.
enum ProgramVersion {
  static let text = "0.1.0"
}
