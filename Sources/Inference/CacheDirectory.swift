/// Where the program keeps what it fetched: one prefix under the user's cache directory.
public enum CacheDirectory {
  /// `$XDG_CACHE_HOME/throughline`, or `~/.cache/throughline` where that is not set.
  ///
  /// - Parameter environment: the process's environment variables.
  public static func standard(environment: [String: String]) -> String {
    // The XDG base directory specification says that a relative path is to be ignored.
    if let base = environment["XDG_CACHE_HOME"], base.hasPrefix("/") { return base + "/throughline" }
    if let home = environment["HOME"], home.hasPrefix("/") { return home + "/.cache/throughline" }
    return "/var/cache/throughline"
  }
}
