import Foundation
import Imaging
import Media
import Models
import Pipeline
import Synchronization
import ThroughlineCore
import ThroughlineTestKit

/// The built program, and what looks at its results.
enum Programs {
  static let throughline = ProgramRunner.built ?? ProgramRunner(path: "/nonexistent/throughline")

  /// The flags that name models which are on this machine; the defaults where they are.
  static let models: [String] = {
    guard let reid = Self.reid else { return [] }
    return ["--reidentification.model", reid]
  }()

  /// A re-ID network that is on this machine.
  private static let reid: String? = {
    guard let zoo = try? ModelZoo.standard() else { return nil }
    let store = ModelStore()
    let entries = zoo.entries.filter { $0.task == .reid && store.isPresent($0) }
    return (entries.first { $0.isDefault } ?? entries.first)?.name
  }()

  /// Whether the program can run here; says once why not.
  static let canRun: Bool = {
    guard ProgramRunner.built != nil, let zoo = try? ModelZoo.standard() else { return false }
    let store = ModelStore()
    let needed = zoo.entries.filter { $0.isDefault && $0.task != .reid }
    if needed.allSatisfy({ store.isPresent($0) }), reid != nil { return true }
    FileHandle.standardError.write(
      Data(
        "SKIPPED: tests of the main job; 'throughline models fetch --runtime --default' brings the models\n"
          .utf8))
    return false
  }()

  /// The number of frames of a video.
  static func frameCount(of path: String) throws -> Int { try read(path) { _ in } }

  /// Frames of a video by their numbers, from 1.
  static func pictures(of path: String, numbers: Set<UInt64>) throws -> [UInt64: Picture] {
    let found = Mutex<[UInt64: Picture]>([:])
    _ = try read(path) { frame in
      if numbers.contains(frame.number) { found.withLock { $0[frame.number] = frame.picture } }
    }
    return found.withLock { $0 }
  }

  private static func read(_ path: String, _ consume: @escaping @Sendable (VideoFrame) -> Void) throws -> Int
  {
    var options = FrameSourceOptions()
    options.pacing = .offline
    let count = Mutex(0)
    let source = FrameSource(
      camera: CameraName(sanitizing: "read"), address: try SourceAddress(parsing: path), options: options,
      consumer: { frame in
        count.withLock { $0 += 1 }
        consume(frame)
      })
    source.start()
    source.waitUntilEnded(atMost: 120)
    return count.withLock { $0 }
  }

  /// The mean difference of luma in a part of two pictures of one size.
  static func meanDifference(_ left: Picture, _ right: Picture, in box: BoundingBox) -> Double {
    let box = box.clipped(to: left.size)
    var sum = 0
    var count = 0
    for row in Int(box.minY)..<Int(box.maxY) {
      for column in Int(box.minX)..<Int(box.maxX) {
        let a = Int(left.luma.address[row * left.luma.stride + column])
        let b = Int(right.luma.address[row * right.luma.stride + column])
        sum += abs(a - b)
        count += 1
      }
    }
    return count == 0 ? 0 : Double(sum) / Double(count)
  }
}

/// An event log that was read back.
struct Events {
  let records: [EventRecord]

  init(_ path: String) throws {
    let decoder = JSONDecoder()
    records = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
      try decoder.decode(EventRecord.self, from: Data($0.utf8))
    }
  }

  var kinds: [EventRecord.Kind: Int] { Dictionary(records.map { ($0.event, 1) }, uniquingKeysWith: +) }

  func frames(of camera: String) -> [EventRecord] {
    records.filter { $0.event == .frame && $0.camera?.rawValue == camera }
  }

  /// Frames in which two persons have one identity: there must be none.
  var sharedIdentities: [EventRecord] {
    records.filter { record in
      let identities = (record.persons ?? []).compactMap(\.identity)
      return Set(identities).count < identities.count
    }
  }
}
