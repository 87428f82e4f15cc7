import Conversation
import Generation
import TerminalInterface

// What the caches hold.
extension LocalChatEngine {
  func cacheReport() async -> CacheReport {
    let (held, budget, holdings) = await generator.cacheHoldings()
    return CacheReport(
      budget: budget, held: held,
      entries: holdings.map { holding in
        CacheReport.Entry(
          model: opened[holding.model]?.info.name ?? Self.name(of: holding.model),
          branches: holding.sequences,
          tokens: holding.tokens, bytes: holding.bytes, isResident: opened[holding.model] != nil,
          holdsConversation: holding.model == current?.key)
      })
  }

  func clearCaches() async -> Int? { await generator.clearCaches() }

  /// The file's name in a model's key.
  private static func name(of key: String) -> String {
    let path = key.split(separator: "\t").first ?? ""
    return String(path.split(separator: "/").last ?? path)
  }
}
