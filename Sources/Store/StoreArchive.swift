import Gallery
import ThroughlineCore

/// What the store keeps beside the gallery, as far as it is in memory: descriptions of all, contents of those
/// that were not written yet.
struct StoreArchive: Sendable {
  var crops: [ArchiveID: StoredCrop] = [:]
  var events: [ArchiveID: StoredEvent] = [:]
  var recordings: [ArchiveID: StoredRecording] = [:]
  /// Counts by hour since the epoch and name, not written yet.
  var counts: [AggregateKey: Int64] = [:]

  /// Contents that wait to be written.
  var pendingImages: [ArchiveID: [UInt8]] = [:]
  var pendingBodies: [ArchiveID: [UInt8]] = [:]
  var dirtyCrops: Set<ArchiveID> = []
  var dirtyEvents: Set<ArchiveID> = []
  var dirtyRecordings: Set<ArchiveID> = []

  /// How many crops and events were given up because the file could not be written for too long, or because
  /// there were too many.
  var dropped = 0

  private(set) var cropsOfSighting: [SightingID: [ArchiveID]] = [:]
  private(set) var cropsOfPrototype: [PrototypeID: [ArchiveID]] = [:]
  private var pendingBytes = 0
  private var nextCrop: Int64 = 1
  private var nextEvent: Int64 = 1
  private var nextRecording: Int64 = 1
  /// From here on nothing was ever written, so that removing such a record leaves nothing to do in the file.
  private var writtenCrop: Int64 = 1
  private var writtenEvent: Int64 = 1
  private var writtenRecording: Int64 = 1

  init() {}

  init(
    crops: [ArchiveID: StoredCrop], events: [ArchiveID: StoredEvent],
    recordings: [ArchiveID: StoredRecording]
  ) {
    self.crops = crops
    self.events = events
    self.recordings = recordings
    for (id, crop) in crops.sorted(by: { $0.key < $1.key }) { link(id, to: crop.owner) }
    func following(_ ids: some Collection<ArchiveID>) -> Int64 {
      let last = ids.max()?.rawValue ?? 0
      return last == .max ? last : last + 1
    }
    nextCrop = following(crops.keys)
    nextEvent = following(events.keys)
    nextRecording = following(recordings.keys)
    (writtenCrop, writtenEvent, writtenRecording) = (nextCrop, nextEvent, nextRecording)
  }

  var isDirty: Bool {
    !dirtyCrops.isEmpty || !dirtyEvents.isEmpty || !dirtyRecordings.isEmpty || !counts.isEmpty
  }
  var dirtyCount: Int { dirtyCrops.count + dirtyEvents.count + dirtyRecordings.count + counts.count }

  /// What a batch took.
  struct Mark: Sendable {
    fileprivate var crops: Set<ArchiveID>
    fileprivate var events: Set<ArchiveID>
    fileprivate var recordings: Set<ArchiveID>
    fileprivate var counts: [AggregateKey: Int64]
    fileprivate var written: (crop: Int64, event: Int64, recording: Int64)
  }

  /// A batch is on its way to the file: from now on the file may hold everything that exists now.
  mutating func beginWriting() -> Mark {
    let mark = Mark(
      crops: dirtyCrops, events: dirtyEvents, recordings: dirtyRecordings, counts: counts,
      written: (writtenCrop, writtenEvent, writtenRecording))
    dirtyCrops = []
    dirtyEvents = []
    dirtyRecordings = []
    counts = [:]
    (writtenCrop, writtenEvent, writtenRecording) = (nextCrop, nextEvent, nextRecording)
    return mark
  }

  /// A batch did not reach the file.
  mutating func withdraw(_ mark: Mark) {
    (writtenCrop, writtenEvent, writtenRecording) = mark.written
    dirtyCrops = dirtyCrops.union(mark.crops).filter { $0.rawValue < writtenCrop || crops[$0] != nil }
    dirtyEvents = dirtyEvents.union(mark.events).filter { $0.rawValue < writtenEvent || events[$0] != nil }
    dirtyRecordings = dirtyRecordings.union(mark.recordings).filter {
      $0.rawValue < writtenRecording || recordings[$0] != nil
    }
    counts.merge(mark.counts, uniquingKeysWith: +)
  }

  /// A batch was written; its contents need not stay in memory.
  mutating func release(_ mark: Mark) {
    for id in mark.crops where !dirtyCrops.contains(id) {
      pendingBytes -= pendingImages.removeValue(forKey: id)?.count ?? 0
    }
    for id in mark.events where !dirtyEvents.contains(id) {
      pendingBytes -= pendingBodies.removeValue(forKey: id)?.count ?? 0
    }
  }

  @discardableResult
  mutating func keep(_ crop: StoredCrop, limits: StoreLimits) -> ArchiveID {
    let id = ArchiveID(nextCrop)
    nextCrop += 1
    var described = crop
    described.image = []
    crops[id] = described
    link(id, to: crop.owner)
    pendingImages[id] = crop.image
    pendingBytes += crop.image.count
    dirtyCrops.insert(id)
    if crops.count > limits.crops {
      // A twentieth at once, so that the search for the oldest is not done for every crop.
      for oldest in crops.keys.sorted().prefix(crops.count - limits.crops + limits.crops / 20) {
        removeCrop(oldest)
        dropped += 1
      }
    }
    dropPending(above: limits.pendingBytes)
    return id
  }

  @discardableResult
  mutating func keep(_ event: StoredEvent, limits: StoreLimits) -> ArchiveID {
    let id = ArchiveID(nextEvent)
    nextEvent += 1
    var described = event
    described.body = []
    events[id] = described
    pendingBodies[id] = event.body
    pendingBytes += event.body.count
    dirtyEvents.insert(id)
    if events.count > limits.events {
      for oldest in events.keys.sorted().prefix(events.count - limits.events + limits.events / 20) {
        removeEvent(oldest)
        dropped += 1
      }
    }
    dropPending(above: limits.pendingBytes)
    return id
  }

  /// An entry of the same path is replaced: its file was written over.
  @discardableResult
  mutating func keep(_ recording: StoredRecording) -> ArchiveID {
    if let old = recordings.first(where: { $0.value.path == recording.path })?.key {
      update(recording, id: old)
      return old
    }
    let id = ArchiveID(nextRecording)
    nextRecording += 1
    recordings[id] = recording
    dirtyRecordings.insert(id)
    return id
  }

  mutating func update(_ recording: StoredRecording, id: ArchiveID) {
    guard recordings[id] != nil else { return }
    recordings[id] = recording
    dirtyRecordings.insert(id)
  }

  /// Unwritten contents beyond the limit are given up, crops before events, oldest first.
  private mutating func dropPending(above limit: Int) {
    guard pendingBytes > limit else { return }
    for id in pendingImages.keys.sorted() where pendingBytes > limit {
      removeCrop(id)
      dropped += 1
    }
    for id in pendingBodies.keys.sorted() where pendingBytes > limit {
      removeEvent(id)
      dropped += 1
    }
  }

  mutating func removeCrop(_ id: ArchiveID) {
    guard let crop = crops.removeValue(forKey: id) else { return }
    switch crop.owner {
    case .sighting(let owner):
      cropsOfSighting[owner]?.removeAll { $0 == id }
      if cropsOfSighting[owner]?.isEmpty == true { cropsOfSighting[owner] = nil }
    case .prototype(let owner):
      cropsOfPrototype[owner]?.removeAll { $0 == id }
      if cropsOfPrototype[owner]?.isEmpty == true { cropsOfPrototype[owner] = nil }
    }
    pendingBytes -= pendingImages.removeValue(forKey: id)?.count ?? 0
    if id.rawValue < writtenCrop { dirtyCrops.insert(id) } else { dirtyCrops.remove(id) }
  }

  mutating func removeEvent(_ id: ArchiveID) {
    guard events.removeValue(forKey: id) != nil else { return }
    pendingBytes -= pendingBodies.removeValue(forKey: id)?.count ?? 0
    if id.rawValue < writtenEvent { dirtyEvents.insert(id) } else { dirtyEvents.remove(id) }
  }

  mutating func removeRecording(_ id: ArchiveID) {
    guard recordings.removeValue(forKey: id) != nil else { return }
    if id.rawValue < writtenRecording { dirtyRecordings.insert(id) } else { dirtyRecordings.remove(id) }
  }

  mutating func removeCrops(of owner: CropOwner) {
    let ids =
      switch owner {
      case .sighting(let id): cropsOfSighting[id]
      case .prototype(let id): cropsOfPrototype[id]
      }
    for id in ids ?? [] { removeCrop(id) }
  }

  private mutating func link(_ id: ArchiveID, to owner: CropOwner) {
    switch owner {
    case .sighting(let sighting): cropsOfSighting[sighting, default: []].append(id)
    case .prototype(let prototype): cropsOfPrototype[prototype, default: []].append(id)
    }
  }
}

/// One counter of one hour.
struct AggregateKey: Hashable, Sendable {
  var hour: Int64
  var name: String
}
