import ThroughlineCore
import Yams

extension ModelZoo {
  /// This zoo as a file that ``init(yaml:fileName:)`` reads back; models only, no runtime.
  func yaml() throws -> String {
    try Yams.dump(
      object: ["version": 1, "models": entries.map(Self.object(of:))] as [String: Any], sortKeys: true)
  }

  private static func object(of entry: ModelEntry) -> [String: Any] {
    var object: [String: Any] = [
      "name": entry.name, "task": entry.task.rawValue, "summary": entry.summary,
      "source": source(entry.source), "files": entry.files.map(file),
      "licence": ["code": entry.codeLicence, "weights": entry.weightsLicence],
      "training": entry.trainingData, "outputs": entry.outputs,
      "accuracy": entry.accuracy.map {
        ["data": $0.data, "measure": $0.measure, "value": $0.value] as [String: Any]
      },
    ]
    object["decoder"] = entry.decoder?.rawValue
    object["dimension"] = entry.dimension
    object["multiply-accumulates"] = entry.multiplyAccumulates
    object["input"] = entry.input.map(input)
    return object
  }

  private static func source(_ source: ModelSource) -> [String: Any] {
    switch source {
    case .compiled(let base): ["compiled": base]
    case .mirror(let upstream): ["mirror": upstream]
    case .url(let base): ["url": base]
    case .repository: ["repository": true]
    case .pypi(let wheel): ["pypi": wheel.package, "version": wheel.version, "sha256": wheel.sha256]
    }
  }

  private static func file(_ file: ModelFile) -> [String: Any] {
    var object: [String: Any] = ["name": file.name, "path": file.path, "sha256": file.sha256]
    object["bytes"] = file.bytes
    return object
  }

  private static func input(_ input: ModelInput) -> [String: Any] {
    var object: [String: Any] = [
      "width": input.size.width, "height": input.size.height, "order": input.order.rawValue,
      "scale": Double(input.scale), "mean": input.mean.map(Double.init), "std": input.std.map(Double.init),
    ]
    switch input.fit {
    case .stretch: object["fit"] = "stretch"
    case .letterbox(let fill):
      object["fit"] = "letterbox"
      object["fill"] = Int(fill)
    }
    return object
  }
}
