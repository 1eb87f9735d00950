/// The reference page, made from the list of keys so that it cannot fall behind.
public enum ConfigurationReference {
  /// The page as Markdown.
  public static func markdown(of schema: ConfigurationSchema) -> String {
    var page = """
      # Configuration

      <!-- Made by `throughline config reference`; a test compares it with the list of keys. -->

      `throughline run --config throughline.yaml` reads a file like this:

      ```yaml
      cameras:
        entrance: rtsp://10.0.0.8/main
        till:
          source: rtsp://10.0.0.9/main
          user: viewer
          password-environment: TILL_PASSWORD
          detection:
            person-threshold: 0.5
      tracker:
        keep-lost: 3
      output.events: events.jsonl
      ```

      Keys may be nested or dotted. Every key is also a flag (`--tracker.keep-lost 3`); flags win over the file, the file
      over the built-in values. A yes-or-no flag needs no value and is turned off by `--no-KEY`. Keys marked *per camera*
      may stand below a camera's name, where the section `camera.` is left out. `throughline config show` prints what is
      in force and where each value came from. Passwords come from the environment or a file and are never logged.

      """
    var section = ""
    for key in schema.keys {
      let name = String(key.name.split(separator: ".").first ?? "")
      if name != section {
        section = name
        page += "\n## \(section)\n\n| key | value | built-in | what it does |\n|---|---|---|---|\n"
      }
      page += row(key)
    }
    return page
  }

  private static func row(_ key: ConfigurationKey) -> String {
    var name = "`\(key.name)`"
    if let alias = key.alias { name += ", `--\(alias)`" }
    let allowed = (key.allowed + (key.unit.map { " (\($0))" } ?? "")).replacing("|", with: "\\|")
    let builtIn = key.builtIn == .text("") ? "not set" : "`\(key.builtIn)`"
    return
      "| \(name) | \(allowed) | \(builtIn) | \(key.summary)\(key.isPerCamera ? " *Per camera.*" : "") |\n"
  }
}
