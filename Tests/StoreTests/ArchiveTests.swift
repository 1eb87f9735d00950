import Foundation
import Gallery
import Testing
import ThroughlineCore

@testable import Store

@Suite struct ArchiveTests {
  private func crop(_ owner: CropOwner, at time: Double = 1_700_000_000, bytes: Int = 10) -> StoredCrop {
    StoredCrop(
      owner: owner, camera: CameraName(sanitizing: "c"), time: Timestamp(seconds: time), quality: 0.5,
      image: [UInt8](repeating: 7, count: bytes))
  }

  @Test func cropsFollowTheirSightingsAndReadBack() throws {
    let folder = try TemporaryFolder()
    let key = GalleryKey.random()
    var store = try GalleryStore(path: folder.gallery, credential: .key(key), options: .manual)
    try ForgetTests.fill(store)
    for _ in 0..<2 {
      // Identity 3 was merged into 1, and 3 still means it.
      for number in [1, 3] as [UInt64] {
        let crops = store.crops(of: IdentityID(number))
        let texts = try crops.map { String(decoding: try store.image(of: $0.id) ?? [], as: UTF8.self) }
        #expect(texts == ["marker crop 1", "marker photo 1", "marker crop 3", "marker photo 3"])
      }
      let events = store.events(about: IdentityID(1))
      #expect(events.map(\.event.identities) == [[IdentityID(1)], [IdentityID(3)]])
      #expect(try store.body(of: events[1].id) == Array("{\"marker event\": 3}".utf8))
      #expect(try store.image(of: ArchiveID(99)) == nil)
      try store.close()
      store = try GalleryStore(path: folder.gallery, credential: .key(key), options: .manual)
    }
    let correction = try #require(store.contents.corrections.first)
    store.append([.undone(correction)])
    #expect(store.crops(of: IdentityID(1)).count == 2)
    #expect(store.crops(of: IdentityID(3)).count == 2)
    store.append([.sightingRemoved(SightingID(3), identity: IdentityID(3))])
    #expect(store.crops(of: IdentityID(3)).count == 1)
    try store.close()
    store = try GalleryStore(path: folder.gallery, credential: .key(key), options: .manual)
    #expect(store.crops(of: IdentityID(3)).count == 1)
    #expect(try store.verify().isIntact)
    try store.close()
  }

  @Test func aCropOfNobodyIsGivenUp() throws {
    let folder = try TemporaryFolder()
    let store = try GalleryStore(path: folder.gallery, credential: .key(.random()), options: .manual)
    store.keep(crop(.sighting(SightingID(5))))
    #expect(store.status.dropped == 1)
    try store.close()
  }

  @Test func theOldestGoWhenThereAreTooMany() throws {
    let folder = try TemporaryFolder()
    let key = GalleryKey.random()
    var options = StoreOptions.manual
    options.limits.crops = 20
    options.limits.events = 20
    let store = try GalleryStore(path: folder.gallery, credential: .key(key), options: options)
    try ForgetTests.fill(store)
    for number in 0..<100 {
      store.keep(crop(.sighting(SightingID(2)), at: Double(number)))
      store.keep(StoredEvent(time: Timestamp(seconds: 0), kind: "k\(number)", identities: [], body: []))
      if number == 50 { try store.flush() }
    }
    #expect(store.crops(of: IdentityID(2)).count <= 20)
    #expect(store.crops(of: IdentityID(2)).last?.crop.time == Timestamp(seconds: 99))
    #expect(store.events().count <= 20)
    try store.close()
    let reopened = try GalleryStore(path: folder.gallery, credential: .key(key), options: .manual)
    #expect(reopened.crops(of: IdentityID(2)).count == store.crops(of: IdentityID(2)).count)
    #expect(reopened.events().last?.event.kind == "k99")
    try reopened.close()
  }

  @Test func unwrittenCropsAreBounded() throws {
    let folder = try TemporaryFolder()
    var options = StoreOptions.manual
    options.limits.pendingBytes = 5_000
    let store = try GalleryStore(path: folder.gallery, credential: .key(.random()), options: options)
    try ForgetTests.fill(store)
    for _ in 0..<100 { store.keep(crop(.sighting(SightingID(2)), bytes: 1_000)) }
    #expect(store.crops(of: IdentityID(2)).count <= 5)
    #expect(store.status.dropped >= 95)
    try store.close()
  }

  @Test func retentionRemovesEachClassInItsTime() throws {
    let folder = try TemporaryFolder()
    let key = GalleryKey.random()
    let store = try GalleryStore(path: folder.gallery, credential: .key(key), options: .manual)
    try ForgetTests.fill(store)
    let now = Timestamp(seconds: 1_700_000_000 + 4 * 86_400)
    store.keep(crop(.sighting(SightingID(2)), at: now.seconds - 3600))
    store.count("entrance.in", by: 2, at: Timestamp(seconds: now.seconds - 370 * 86_400))
    store.count("entrance.in", by: 3, at: now)
    store.count("entrance.in", by: 4, at: now)
    #expect(try store.counts().map(\.count) == [2, 7])
    var policy = RetentionPolicy()
    policy[.event] = 5 * 86_400
    let report = try store.sweep(policy: policy, now: now)
    #expect(report.crops == 6)
    #expect(report.events == 0)
    #expect(report.recordings.map(\.path) == ["/var/marker-recording.mp4"])
    #expect(report.counts == 1)
    #expect(try store.counts().map(\.count) == [7])
    #expect(store.crops(of: IdentityID(2)).count == 1)
    #expect(try store.auditLog().last?.action == .retention)
    let entries = try store.auditLog().count
    #expect(try store.sweep(policy: policy, now: now).isEmpty)
    #expect(try store.auditLog().count == entries)
    let statistics = try store.statistics()
    #expect(statistics.identities == 2)
    #expect(statistics.named == 2)
    #expect(statistics.classes.map(\.kind) == RetentionClass.allCases)
    #expect(statistics.classes.map(\.records) == [1, 3, 3, 2, 3, 0, 1])
    #expect(statistics.fileBytes > 0)
    try store.close()
  }
}

@Suite struct ExchangeTests {
  @Test func aPersonGetsAllOfTheirDataAndTheLogTellsOfIt() throws {
    let folder = try TemporaryFolder()
    let store = try GalleryStore(path: folder.gallery, credential: .key(.random()), options: .manual)
    try ForgetTests.fill(store)
    let export = try store.export(IdentityID(3), reason: "access request", actor: "anna")
    #expect(export.identity.id == IdentityID(1))
    #expect(export.numbers == [IdentityID(1), IdentityID(3)])
    #expect(export.crops.map(\.image.count) == [13, 14, 13, 14])
    #expect(export.events.count == 2)
    #expect(export.recordings.count == 1)
    let json = try #require(try JSONSerialization.jsonObject(with: try export.json()) as? [String: Any])
    #expect(json["name"] as? String == "Marker Name 1")
    #expect((json["sightings"] as? [Any])?.count == 2)
    #expect(try store.auditLog().last?.action == .export)
    #expect(
      try storeError { _ = try store.export(IdentityID(8), reason: "", actor: "") } == .unknownIdentity(8))
    try store.close()
  }

  @Test func aDamagedPictureHoldsUpNoExport() throws {
    let (folder, other) = (try TemporaryFolder(), try TemporaryFolder())
    let key = GalleryKey.random()
    let store = try GalleryStore(path: folder.gallery, credential: .key(key), options: .manual)
    try ForgetTests.fill(store)
    try store.flush()
    let crops = store.crops(of: IdentityID(1)).map(\.id)
    try store.sql("UPDATE crop SET body = zeroblob(60) WHERE id = \(try #require(crops.first).rawValue)")
    let error = try storeError { _ = try store.image(of: crops[0]) }
    #expect("\(error)".contains("cropBody record \(crops[0].rawValue) does not open"))
    let export = try store.export(IdentityID(1), reason: "", actor: "anna")
    #expect(export.crops.count == crops.count - 1 && export.unreadable == 1)
    #expect(String(decoding: try export.json(), as: UTF8.self).contains("\"unreadable\" : 1"))
    let images = try GalleryStore.images(of: crops, path: folder.gallery, credential: .key(key))
    #expect(images.count == crops.count - 1 && images[crops[0]] == nil)
    let copy = try GalleryStore(path: other.gallery, credential: .key(key), options: .manual)
    copy.replace(with: store.contents)
    #expect(try store.copyArchive(to: copy).unreadable == 1)
    try copy.close()
    try store.close()
  }

  @Test func anotherGalleryIsTakenOverUnderNewNumbers() throws {
    let (here, there) = (try TemporaryFolder(), try TemporaryFolder())
    let key = GalleryKey.random()
    let other = try GalleryStore(path: there.gallery, credential: .key(key), options: .manual)
    var generator = ChangeGenerator(seed: 3)
    other.append(try generator.next(400))
    try other.close()
    let store = try GalleryStore(path: here.gallery, credential: .key(.random()), options: .manual)
    var own = ChangeGenerator(seed: 4)
    store.append(try own.next(400))
    let before = store.contents
    let plan = try store.planImport(
      from: there.gallery, credential: .key(key), into: before, reason: "two sites", actor: "anna")
    store.append(plan.changes)
    #expect(store.status.rejected == 0, "\(store.status.latestRejection ?? "")")
    let after = store.contents
    #expect(after.identities.count == before.identities.count + generator.contents.identities.count)
    #expect(after.vetoes.count == before.vetoes.count + generator.contents.vetoes.count)
    for (old, new) in plan.numbers {
      #expect(before.identities[new] == nil)
      #expect(after.identities[new]?.identity.name == generator.contents.identities[old]?.identity.name)
      #expect(
        after.identities[new]?.prototypes.count == generator.contents.identities[old]?.prototypes.count)
    }
    try store.close()
  }

  @Test func embeddingsOfAnotherNetworkAreRefused() throws {
    let (here, there) = (try TemporaryFolder(), try TemporaryFolder())
    let key = GalleryKey.random()
    let other = try GalleryStore(path: there.gallery, credential: .key(key), options: .manual)
    var generator = ChangeGenerator(seed: 3, dimension: 16)
    other.append(try generator.next(50))
    try other.close()
    let store = try GalleryStore(path: here.gallery, credential: .key(key), options: .manual)
    var own = ChangeGenerator(seed: 4)
    store.append(try own.next(50))
    let bytes = try there.files()["gallery.db"]
    let error = try storeError {
      _ = try store.planImport(
        from: there.gallery, credential: .key(key), into: store.contents, reason: "", actor: "")
    }
    #expect(
      error
        == .otherNetwork(path: there.gallery, expected: "network@1 (24)", found: "network@1 (16)"))
    #expect(try there.files()["gallery.db"] == bytes)
    try store.close()
  }
}
