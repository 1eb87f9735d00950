import Foundation
import Gallery
import Store
import ThroughlineCore

/// Writes to a gallery until it is killed, so that tests can see what a kill leaves.
///
///     StoreCrashHelper write GALLERY KEY-FILE    changes, one line for each: its number, the time, and when the
///                                                store was seen to have written last
///     StoreCrashHelper rotate GALLERY KEY-FILE   the same, with a new key and a forgotten person again and again
///     StoreCrashHelper limit GALLERY KEY-FILE    writes that fail at every place, in a file of limited size

let camera = CameraName(sanitizing: "entrance")
/// How many of the latest identities stay; the one that falls out is forgotten.
let window: UInt64 = 50
let network = EmbeddingNetwork(name: "crash", version: "1", dimension: 64)

/// All that happens at one moment; must be in the file as a whole or not at all.
func step(_ number: UInt64) throws -> [GalleryChange] {
  let time = Timestamp(seconds: Double(number))
  let id = IdentityID(number)
  let values = (0..<network.dimension).map { Float(($0 + Int(number)) % 7) + 1 }
  let track = TrackID(camera: camera, number: number)
  var changes: [GalleryChange] = [
    .networkSet(network), .trackNumberReserved(camera, number: number),
    .identityCreated(Identity(id: id, firstSeen: time, lastSeen: time)),
    .prototypeAdded(
      GalleryPrototype(
        id: PrototypeID(number),
        prototype: Prototype(
          embedding: try Embedding(normalizing: values), camera: camera, time: time, quality: 0.5),
        track: track), to: id),
    .sightingOpened(
      GallerySighting(
        id: SightingID(number), sighting: Sighting(identity: id, track: track, begin: time, end: time),
        isOpen: true, confidence: 1, explanation: "step \(number)")),
  ]
  if number == 1 { return changes }
  changes.removeFirst()
  if number > window { changes.append(.forgotten(IdentityID(number - window), reason: .evicted)) }
  return changes
}

func monotonic() -> Int64 { Int64(DispatchTime.now().uptimeNanoseconds) }

func report(_ text: String) {
  let line = Array((text + "\n").utf8)
  _ = write(1, line, line.count)
}

func writeForEver(_ store: GalleryStore, rotating file: String?) throws {
  var number = store.contents.lastTrackNumbers[camera] ?? 0
  while true {
    number += 1
    store.append(try step(number))
    store.keep(
      StoredCrop(
        owner: .sighting(SightingID(number)), camera: camera, time: Timestamp(seconds: Double(number)),
        quality: 1, image: [UInt8](repeating: UInt8(number % 256), count: 2_000)))
    report("\(number) \(monotonic()) \(store.status.lastWrite?.nanoseconds ?? 0)")
    if let file, number.isMultiple(of: 20) {
      try store.rotateKey(to: .file(path: file), reason: "test", actor: "test")
      report("rotated")
    }
    usleep(1_000)
  }
}

func limitFileSize(_ bytes: UInt64?) {
  var limit = rlimit()
  getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
  limit.rlim_cur = bytes.map { rlim_t($0) } ?? limit.rlim_max
  setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
}

func size(_ path: String) -> UInt64 {
  var status = stat()
  return stat(path, &status) == 0 ? UInt64(status.st_size) : 0
}

/// Each batch meets a limit at another byte of the log or the file, then succeeds without one.
func failEverywhere(_ store: GalleryStore, path: String, key: GalleryKey) throws {
  signal(SIGXFSZ, SIG_IGN)
  var number: UInt64 = 0
  var failures = 0
  for round in 0..<60 as Range<UInt64> {
    let before = number
    for _ in 0..<20 {
      number += 1
      store.append(try step(number))
    }
    limitFileSize(size(path + "-wal") + round * 731)
    do {
      try store.flush()
    } catch {
      failures += 1
      guard case .degraded = store.status.condition else { throw error }
      limitFileSize(nil)
      let kept = try GalleryStore.read(path: path, credential: .key(key)).lastTrackNumbers[camera] ?? 0
      guard kept == before else { throw StoreError.damaged(path: path, reason: "\(kept), not \(before)") }
    }
    limitFileSize(nil)
    try store.flush()
    let kept = try GalleryStore.read(path: path, credential: .key(key)).lastTrackNumbers[camera] ?? 0
    guard kept == number else { throw StoreError.damaged(path: path, reason: "\(kept), not \(number)") }
  }
  report("\(failures) failures")
}

let arguments = CommandLine.arguments
guard arguments.count == 4 else {
  report("usage: StoreCrashHelper write|rotate|limit GALLERY KEY-FILE")
  exit(2)
}
do {
  let (mode, path, file) = (arguments[1], arguments[2], arguments[3])
  let options = StoreOptions(
    writeInterval: mode == "limit" ? 3600 : 0.5, now: { Timestamp(nanoseconds: monotonic()) })
  let store = try GalleryStore(path: path, credential: .file(path: file), options: options)
  switch mode {
  case "write": try writeForEver(store, rotating: nil)
  case "rotate": try writeForEver(store, rotating: file)
  default:
    try failEverywhere(store, path: path, key: try GalleryKeyFile.read(at: file))
    try store.close()
  }
} catch {
  report("error: \(error)")
  exit(1)
}
