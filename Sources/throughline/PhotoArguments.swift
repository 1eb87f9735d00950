import ArgumentParser
import Configuration
import Foundation
import Imaging
import Inference
import Media
import Pipeline
import ThroughlineCore

/// A person in a photo, as `gallery search`, `enrol` and `forget` take one.
struct PhotoArguments: ParsableArguments {
  @Option(help: ArgumentHelp("Which person of the photo, counted from the left.", valueName: "number"))
  var person: Int?
  @Option(
    help: ArgumentHelp(
      "Write the photo with numbered persons, faces covered, to this JPEG file.", valueName: "file"))
  var preview: String?

  /// What was found in a photo.
  struct Look {
    var person: PersonFinder.Person
    var embedding: Embedding
    var network: EmbeddingNetwork
    var picture: [UInt8]
  }

  /// The networks of the configuration, ready to look at photos.
  static func finder(_ configuration: Configuration) throws -> PersonFinder {
    try GalleryPlace.describing {
      let environment = ProcessInfo.processInfo.environment
      let loader = try NetworkLoader(
        directory: configuration.text("models.directory"), environment: environment)
      let runtime = try loader.runtime(library: configuration.text("inference.library"))
      let face = try loader.locate(configuration.text("detection.face-model") ?? "default", for: .face)
      let networks = try PipelineNetworks(
        runtime: runtime,
        person: loader.locate(configuration.text("detection.person-model") ?? "default", for: .person),
        face: face,
        reidentification: loader.locate(
          configuration.text("reidentification.model") ?? "default", for: .reid),
        options: InferenceOptions(), cameras: 1)
      return try PersonFinder(
        networks, strong: StrongFaceDetector(model: face, runtime: runtime, minimumScore: 0.4))
    }
  }

  /// The one person that is meant; where there are several and none was named, asks at a terminal and fails elsewhere.
  ///
  /// - Parameter json: whether the persons of whom one has to be chosen are told as JSON on standard output.
  func look(at path: String, with finder: PersonFinder, json: Bool = false) throws -> Look {
    let photo: Picture
    do { photo = try PhotoFile.read(path) } catch { throw CommandFailure.failed("\(error)") }
    return try GalleryPlace.describing {
      let persons = try finder.persons(in: photo)
      if let preview {
        let jpeg = try finder.preview(of: photo).jpeg()
        do { try Data(jpeg).write(to: URL(filePath: preview)) } catch {
          throw CommandFailure.failed("cannot write '\(preview)': \(error.localizedDescription)")
        }
        Console.write("wrote \(preview)")
      }
      let chosen = try choose(among: persons, path: path, json: json)
      return Look(
        person: chosen, embedding: try finder.embedding(of: chosen, in: photo), network: finder.network,
        picture: try finder.crop(of: chosen, in: photo))
    }
  }

  /// What a machine is told where it has to choose.
  private struct Choice: Encodable {
    var image: String
    var persons: [PersonFinder.Person]
  }

  private func choose(
    among persons: [PersonFinder.Person], path: String, json: Bool
  ) throws -> PersonFinder.Person {
    guard let first = persons.first else {
      throw CommandFailure.failed(
        "'\(path)': nobody was found in it; use a photo that shows the person from head to foot")
    }
    if let person {
      guard let chosen = persons.first(where: { $0.number == person }) else {
        throw CommandFailure.usage(
          "'\(path)' shows \(persons.count) persons; --person must be 1 to \(persons.count)")
      }
      return chosen
    }
    if persons.count == 1 { return first }
    let rows = persons.map { person -> [String] in
      let box = person.box.box
      return [
        "  \(person.number)", "at \(Int(box.minX)),\(Int(box.minY))",
        "\(Int(box.width))x\(Int(box.height)) pixels",
        String(format: "quality %.2f", person.quality),
      ]
    }
    if json {
      try OutputArguments.printJSON(Choice(image: path, persons: persons))
    } else {
      Console.write("'\(path)' shows \(persons.count) persons, from left to right:\n" + TextTable.text(rows))
    }
    if !json, isatty(STDIN_FILENO) == 1 {
      Console.writeRaw("which one? ")
      if let answer = readLine().flatMap({ Int($0.trimmingCharacters(in: .whitespaces)) }),
        let chosen = persons.first(where: { $0.number == answer })
      {
        return chosen
      }
    }
    throw CommandFailure.usage(
      "'\(path)' shows \(persons.count) persons; say which one with --person 1 to \(persons.count) (--preview FILE shows their numbers)"
    )
  }
}
