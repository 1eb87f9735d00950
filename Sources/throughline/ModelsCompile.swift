import ArgumentParser
import Foundation
import Imaging
import Inference
import Models
import Pipeline
import Reidentification
import ThroughlineCore

extension ModelCompiler.Options.Preset: ExpressibleByArgument {}

extension ModelsCommand {
  /// Quantises a model for this machine.
  struct Compile: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract:
        "Quantise a model to 8 bits with your own pictures; print accuracy and speed before and after.",
      discussion: """
        The result is registered as NAME-int8 beside the fetched models (NAME-int8-own where the zoo has that name \
        already); settings such as reidentification.model take it by that name. --calibration wants what the network \
        will see: crops of persons for a re-ID network, frames for a detector; some hundreds are enough, and where all \
        have labels accuracy is measured on those that were not used. NNCF does the work, in a Python environment that \
        is installed once into the cache of the models (about 700 MB, folder 'compiler', delete it whenever you like) \
        and that nothing else uses. An embedding of the 8-bit network is not to be compared with one of the original.
        """)

    /// The arithmetic that a model can be compiled to.
    enum Precision: String, ExpressibleByArgument, CaseIterable {
      case int8
    }

    @OptionGroup var place: Place
    @Argument(help: "The model's name.") var name: String
    @Option(help: "What to compile to. Single precision and bfloat16 need no compiling: 'run' chooses them.")
    var precision = Precision.int8
    @Option(
      help: ArgumentHelp(
        "Pictures that the network is fitted to; may be given several times.", valueName: "dir")
    )
    var calibration: [String]
    @Option(
      help: ArgumentHelp(
        "How many of them to use, evenly spread; default 300 crops or 100 frames.", valueName: "n"))
    var pictures: Int?
    @Option(help: "mixed: more exact. performance: symmetric activations, faster on some processors.")
    var preset = ModelCompiler.Options.Preset.mixed
    @Flag(help: "Correct biases layer by layer: more exact, minutes instead of seconds.")
    var accurateBias = false
    @Option(
      help: ArgumentHelp(
        "Layers whose name matches this regular expression stay as they are.", valueName: "regex"))
    var ignore: [String] = []
    @Option(
      help: ArgumentHelp(
        "Labelled data to measure accuracy on, as in 'models bench', rather than calibration pictures with labels.",
        valueName: "dir"))
    var data: [String] = []
    @Option(
      help: ArgumentHelp("A Python that has nncf and openvino; none is installed then.", valueName: "file"))
    var python: String?
    @Option(help: ArgumentHelp("Write the figures as JSON to this file.", valueName: "file"))
    var json: String?

    /// What comes out.
    struct Report: Codable {
      struct Side: Codable {
        var model: String
        var bytes: Int
        var latencyMilliseconds: NetworkTrial.Latency
        /// Accuracy by data and measure, where labelled data was given.
        var accuracy: [String: Double]
      }

      var before: Side
      var after: Side
      /// What the agreement is of: `cosine` or `F1 of boxes`.
      var agreementMeasure: String
      var agreement: Double
      var calibrationPictures: Int
    }

    func validate() throws {
      if let pictures, !(1...100_000).contains(pictures) {
        throw ValidationError("--pictures must be 1 to 100000")
      }
    }

    func run() throws {
      let loader = try place.loader()
      let entry = try ModelsCommand.network(name, of: loader)
      if case .compiled(let base) = entry.source {
        throw CommandFailure.usage("'\(name)' is compiled already; compile '\(base)'")
      }
      for base in loader.zoo.entries
      where ModelStore.compiledName(of: base.name, precision: precision.rawValue) == name {
        throw CommandFailure.usage("'\(name)' has 8 bits already; compile '\(base.name)'")
      }
      var output = ModelStore.compiledName(of: name, precision: precision.rawValue)
      if loader.zoo.entries.contains(where: { $0.name == output && !$0.isCompiled }) { output += "-own" }
      do { try compile(entry, to: output, with: loader) } catch let failure as CommandFailure {
        throw failure
      } catch { throw CommandFailure.failed("\(error)") }
    }

    private func compile(_ entry: ModelEntry, to output: String, with loader: NetworkLoader) throws {
      let before = NetworkTrial(
        model: LocatedModel(entry: entry, path: try loader.store.path(of: entry)),
        runtime: try loader.runtime(library: nil))
      let all = try PictureReading.pictures(below: calibration)
      let isReid = entry.task == .reid
      let chosen = PictureReading.spread(all, count: pictures ?? (isReid ? 300 : 100))
      let unseen = Set(all).subtracting(chosen).sorted()
      // Whoever has few pictures compares on those that were used rather than on none.
      let compared = PictureReading.spread(unseen.isEmpty ? chosen : unseen, count: isReid ? 100 : 30)

      let measured = try measurable(of: before, used: Set(chosen))
      // Before anything that takes minutes: data that cannot be read must not cost the quantised network.
      let figuresBefore = try measured.flatMap { folder, excluded in
        let figures = try before.accuracy(on: folder, excluding: excluded)
        guard !figures.isEmpty else {
          throw CommandFailure.failed(
            "'\(folder)/labels' has no box of class \(entry.task == .face ? "1 (face)" : "0 (person)"), which '\(name)' finds"
          )
        }
        return figures
      }

      let compiler = ModelCompiler(store: loader.store)
      let workFolder = try compiler.makeWorkFolder(for: entry.name)
      defer { try? FileManager.default.removeItem(atPath: workFolder) }
      let inputs = try writeInputs(of: entry, chosen, to: workFolder + "/inputs")
      let result = try quantise(
        entry, modelPath: before.model.path, output: output, inputs: inputs, compiler: compiler,
        workFolder: workFolder)

      var compiled = entry
      compiled.name = output
      compiled.summary = "\(entry.summary); 8 bits, made on this machine"
      compiled.trainingData += "; quantised with \(chosen.count) pictures"
      let after = NetworkTrial(
        model: LocatedModel(entry: compiled, path: "\(result.folder)/\(output).xml"), runtime: before.runtime)
      let agreement = try before.agreement(with: after, on: compared)
      compiled.accuracy = try measured.flatMap { try after.accuracy(on: $0.folder, excluding: $0.excluded) }
      let report = Report(
        before: try side(before, figures: figuresBefore),
        after: try side(after, figures: compiled.accuracy), agreementMeasure: agreement.measure,
        agreement: agreement.value, calibrationPictures: chosen.count)
      try loader.store.install(
        compiled, compiledFrom: entry.name, folder: result.folder, files: result.files)
      show(report)
      print("\(output): \(loader.store.folder(of: compiled)); 'throughline models list' shows it")
      try ReportFile.write(report, to: json)
    }

    /// The folders to measure accuracy on, each without some pictures: the labelled data, else those of the
    /// calibration that have labels, without the pictures that the network is fitted to.
    private func measurable(
      of trial: NetworkTrial, used: Set<String>
    ) throws -> [(folder: String, excluded: Set<String>)] {
      for folder in data where !trial.takes(folder) {
        throw CommandFailure.failed(
          trial.model.entry.task == .reid
            ? "'\(folder)' holds pictures with boxes; '\(name)' is a re-ID network and needs crops of persons"
            : "'\(folder)' has no images/ and labels/; '\(name)' is a detector and needs pictures with boxes")
      }
      guard data.isEmpty else { return data.map { ($0, []) } }
      return calibration.filter { trial.canMeasureAccuracy(on: $0, excluding: used) }.map { ($0, used) }
    }

    /// Writes what the network would see of each picture, prepared exactly as in a run.
    private func writeInputs(
      of entry: ModelEntry, _ pictures: [String], to path: String
    ) throws -> ModelCompiler.Calibration {
      guard let input = entry.input else { throw CommandFailure.usage("'\(name)' is no network") }
      let specification = TensorImageSpecification(input)
      guard FileManager.default.createFile(atPath: path, contents: nil),
        let handle = FileHandle(forWritingAtPath: path)
      else { throw CommandFailure.failed("\(path): cannot be written") }
      defer { try? handle.close() }
      let tensor = UnsafeMutableBufferPointer<Float>.allocate(capacity: specification.elementCount)
      defer { tensor.deallocate() }
      let scaler = PictureScaler()
      let bar = ProgressBar(title: name)
      for (index, file) in pictures.enumerated() {
        let picture = try PictureReading.picture(file)
        _ = try scaler.fill(tensor, from: picture, specification: specification)
        do { try handle.write(contentsOf: Data(buffer: tensor)) } catch {
          throw CommandFailure.failed("\(path): cannot be written; is the disk full?")
        }
        bar.show(fraction: Double(index + 1) / Double(pictures.count), note: "reading pictures")
      }
      bar.finish(note: "pictures read")
      return ModelCompiler.Calibration(path: path, count: pictures.count)
    }

    private func quantise(
      _ entry: ModelEntry, modelPath: String, output: String, inputs: ModelCompiler.Calibration,
      compiler: ModelCompiler, workFolder: String
    ) throws -> (folder: String, files: [String]) {
      var options = ModelCompiler.Options()
      options.preset = preset
      options.hasAccurateBias = accurateBias
      options.ignored = ignore
      options.python = python
      let bar = ProgressBar(title: name)
      let result = try compiler.quantise(
        entry, modelPath: modelPath, output: output, calibration: inputs, options: options,
        workFolder: workFolder
      ) { progress in
        switch progress {
        case .waiting: bar.show(fraction: nil, note: "waiting for another process that compiles")
        case .installing(let bytes):
          bar.show(fraction: nil, note: "installing NNCF, \(bytes / 1_000_000) MB so far")
        case .quantising(let looks, let inputs):
          bar.show(
            fraction: looks < inputs ? Double(looks) / Double(inputs) : nil,
            note: looks < inputs ? "looking at pictures" : "quantising")
        }
      }
      bar.finish(note: "quantised")
      return result
    }

    private func side(_ trial: NetworkTrial, figures: [ModelAccuracy]) throws -> Report.Side {
      Report.Side(
        model: trial.name, bytes: trial.byteCount, latencyMilliseconds: try trial.latency(seconds: 2),
        accuracy: Dictionary(
          figures.map { ("\($0.data) \($0.measure)", $0.value) }, uniquingKeysWith: { first, _ in first }))
    }

    private func show(_ report: Report) {
      let figures = report.before.accuracy.keys.sorted()
      func cells(_ side: Report.Side) -> [String] {
        [
          side.model, String(format: "%.1f", Double(side.bytes) / 1e6),
          String(format: "%.2f", side.latencyMilliseconds.p50),
          String(format: "%.2f", side.latencyMilliseconds.p95),
        ] + figures.map { String(format: "%.1f", side.accuracy[$0] ?? 0) }
      }
      TextTable.print(
        [["", "MB", "p50 ms", "p95 ms"] + figures, cells(report.before), cells(report.after)])
      let speed = report.before.latencyMilliseconds.p50 / report.after.latencyMilliseconds.p50
      print(
        String(format: "%.2f times as fast on one thread; ", speed)
          + "agreement (\(report.agreementMeasure)) " + String(format: "%.3f", report.agreement))
      if figures.isEmpty {
        print(
          "the pictures have no labels, so accuracy is how far both agree; --data DIR measures it on labelled ones"
        )
      }
    }
  }
}
