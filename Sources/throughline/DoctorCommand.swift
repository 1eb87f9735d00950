import ArgumentParser
import Foundation
import Inference
import Media
import Models
import Pipeline

/// What is missing on this machine, in plain words.
struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Say in plain words what is missing on this machine and how to get it.",
    discussion: "Ends with 0 where the main job can run, with 1 where something that it needs is missing.")

  @OptionGroup var place: ModelsCommand.Place

  func run() throws {
    var missing = 0
    func say(_ good: Bool, _ text: String, needed: Bool = true) {
      print((good ? "ok       " : needed ? "MISSING  " : "optional ") + text)
      if !good, needed { missing += 1 }
    }
    let cores = ProcessInfo.processInfo.activeProcessorCount
    let memory = ProcessInfo.processInfo.physicalMemory >> 30
    say(cores >= 2, "processor: \(cores) cores; four 1080p cameras want two or more", needed: false)
    say(memory >= 2, "memory: \(memory) GiB; a run wants about 1 GiB", needed: false)
    say(true, GStreamerLibrary.version)
    for part in GStreamerLibrary.components {
      let mend = part.isPresent ? "" : "; apt-get install \(part.package)"
      say(part.isPresent, "GStreamer \(part.element) (\(part.purpose))\(mend)", needed: part.isEssential)
    }
    let loader = try place.loader()
    do {
      let runtime = try loader.runtime(library: nil)
      say(
        true,
        "OpenVINO \(runtime.version) at \(runtime.path), devices \(runtime.devices.joined(separator: ", "))")
    } catch { say(false, "\(error)") }
    for task in [ModelTask.person, .face, .reid] {
      do {
        let model = try loader.locate("default", for: task)
        say(true, "model for \(task.rawValue): \(model.entry.name)")
      } catch { say(false, "model for \(task.rawValue): \(error)") }
    }
    print(missing == 0 ? "everything that the main job needs is there" : "\(missing) things are missing")
    if missing > 0 { throw ExitCode(1) }
  }
}
