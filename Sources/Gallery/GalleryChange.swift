import Foundation
import ThroughlineCore

/// Why an identity was removed for good.
public enum ForgetReason: String, Sendable, Codable {
  /// Somebody asked for it.
  case requested
  /// Its retention time was over.
  case expired
  /// The gallery was full and this one had not been seen for longest.
  case evicted
}

/// One step of a gallery's journal.
///
/// Memory, store and undo share one truth: every operation of a ``Gallery`` is a list of changes, and a
/// ``GalleryContents`` to which the same changes are applied in the same order is the same gallery.
public enum GalleryChange: Sendable, Hashable {
  /// From now on the embeddings are of this network. Only while the gallery has no prototype.
  case networkSet(EmbeddingNetwork)
  /// A new identity without records. Its number is the largest given out so far.
  case identityCreated(Identity)
  /// The identity's times (and name) are now these.
  case identityUpdated(Identity)
  /// The identity has this name now, or none.
  case named(IdentityID, name: String?)
  /// The identity keeps one more prototype.
  case prototypeAdded(GalleryPrototype, to: IdentityID)
  /// The identity no longer keeps this prototype.
  case prototypeRemoved(PrototypeID, from: IdentityID)
  /// A track was recognised; the identity is `sighting.identity`.
  case sightingOpened(GallerySighting)
  /// The sighting goes on until at least this moment.
  case sightingExtended(SightingID, identity: IdentityID, end: Timestamp)
  /// The sighting is over.
  case sightingClosed(SightingID, identity: IdentityID, end: Timestamp)
  /// The sighting belongs to another identity than was believed.
  case sightingReassigned(
    SightingID, from: IdentityID, to: IdentityID, confidence: Double, explanation: String)
  /// The sighting's retention time is over, or the identity has too many.
  case sightingRemoved(SightingID, identity: IdentityID)
  /// Two identities are one: the absorbed one's records move, its number becomes an alias of the survivor's,
  /// its vetoes are rewritten to the survivor, and the correction is remembered for undo.
  case merged(MergeRecord)
  /// One identity is two: the listed records move to the new one, and the correction is remembered for undo.
  case split(SplitRecord)
  /// A correction was taken back: the veto goes, or the listed records that still exist return, the alias (merge) or the
  /// new identity (split; all its records go to the original one) disappears, and the correction is no longer
  /// remembered. The number of an identity that a split made stays given out, as an alias of the original one.
  case undone(GalleryCorrection)
  /// These two are never the same person.
  case vetoAdded(IdentityPair)
  /// A person said that these two are never the same; the correction is remembered for undo.
  case vetoed(VetoRecord)
  /// The veto no longer holds, and a correction that made it is no longer remembered.
  case vetoRemoved(IdentityPair)
  /// The identity with all its records, vetoes, aliases and remembered corrections is gone.
  case forgotten(IdentityID, reason: ForgetReason)
  /// What some part learned (thresholds, transitions), under that part's name; `nil` removes it.
  case learnedStateSet(name: String, value: Data?)
  /// Numbers up to this one may be in use for the camera's tracks; a restart goes on behind it.
  case trackNumberReserved(CameraName, number: UInt64)
}
