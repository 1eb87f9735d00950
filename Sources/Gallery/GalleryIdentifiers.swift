import ThroughlineCore

/// The number of one prototype within a gallery: counted up from 1, never used again.
public struct PrototypeID: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// Counted up from 1 within a gallery.
  public let rawValue: UInt64

  /// A prototype's number.
  public init(_ rawValue: UInt64) { self.rawValue = rawValue }

  /// The number.
  public var description: String { String(rawValue) }

  /// Orders by number.
  public static func < (left: PrototypeID, right: PrototypeID) -> Bool { left.rawValue < right.rawValue }
}

/// The number of one sighting within a gallery: counted up from 1, never used again.
public struct SightingID: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// Counted up from 1 within a gallery.
  public let rawValue: UInt64

  /// A sighting's number.
  public init(_ rawValue: UInt64) { self.rawValue = rawValue }

  /// The number.
  public var description: String { String(rawValue) }

  /// Orders by number.
  public static func < (left: SightingID, right: SightingID) -> Bool { left.rawValue < right.rawValue }
}

/// The number of one correction (a merge or a split) within a gallery: counted up from 1, never used again.
public struct CorrectionID: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// Counted up from 1 within a gallery.
  public let rawValue: UInt64

  /// A correction's number.
  public init(_ rawValue: UInt64) { self.rawValue = rawValue }

  /// The number.
  public var description: String { String(rawValue) }

  /// Orders by number.
  public static func < (left: CorrectionID, right: CorrectionID) -> Bool { left.rawValue < right.rawValue }
}

/// Two different identities without an order, as a veto ("these are not the same person") needs them.
public struct IdentityPair: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// The smaller number.
  public let lower: IdentityID
  /// The larger number.
  public let higher: IdentityID

  /// A pair in either order.
  ///
  /// - Returns: `nil` where both are the same identity.
  public init?(_ one: IdentityID, _ other: IdentityID) {
    guard one != other else { return nil }
    lower = min(one, other)
    higher = max(one, other)
  }

  /// Whether the identity is one of the two.
  public func contains(_ identity: IdentityID) -> Bool { lower == identity || higher == identity }

  /// The partner of an identity; `nil` where the identity is not one of the two.
  public func other(than identity: IdentityID) -> IdentityID? {
    if identity == lower { return higher }
    return identity == higher ? lower : nil
  }

  /// `3 and 7`.
  public var description: String { "\(lower) and \(higher)" }

  /// Orders by the smaller, then by the larger number.
  public static func < (left: IdentityPair, right: IdentityPair) -> Bool {
    (left.lower, left.higher) < (right.lower, right.higher)
  }
}
