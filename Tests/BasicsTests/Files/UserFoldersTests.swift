import Basics
import Testing

struct UserFoldersTests {
  @Test func ignoresRelativeVariables() {
    let plain = UserFolders(environment: ["HOME": "/h"])
    #expect(plain.configuration == "/h/.config" && plain.data == "/h/.local/share")
    #expect(plain.state == "/h/.local/state")
    let named = UserFolders(environment: [
      "HOME": "/h", "XDG_CONFIG_HOME": "/c", "XDG_DATA_HOME": "relative", "XDG_STATE_HOME": "",
      "XDG_CACHE_HOME": "/k/",
    ])
    #expect(named.configuration == "/c" && named.data == "/h/.local/share")
    #expect(named.state == "/h/.local/state" && named.caches == "/k/")
  }

  /// Without `HOME`, the home folder is that of the password database; a relative `HOME` is ignored.
  @Test(arguments: [[:], ["HOME": "relative"], ["HOME": ""]])
  func theHomeFolderIsAbsolute(_ environment: [String: String]) {
    #expect(UserFolders(environment: environment).home.hasPrefix("/"))
  }

  @Test func expandsTheTilde() {
    let folders = UserFolders(environment: ["HOME": "/h"])
    #expect(folders.expanding("~") == "/h" && folders.expanding("~/a") == "/h/a")
    #expect(folders.expanding("~b/a") == "~b/a" && folders.expanding("a/~") == "a/~")
  }
}
