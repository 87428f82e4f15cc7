import Models

/// The sessions that held sequences belong to.
extension PromptCache {
  /// The most recent state of a session for each model, drafts excluded; the most recently used model first.
  package func latest(of session: String) -> [(model: String, tokens: [Int32], held: HeldSequence)] {
    trees.compactMap { model, tree in
      let nodes = tree.valuedNodes.filter { node in
        node.value.map { $0.sessions.contains(session) && !$0.place.isOfDraft } ?? false
      }
      let node = nodes.max { ($0.value?.lastUse ?? 0) < ($1.value?.lastUse ?? 0) }
      return node.flatMap { node in node.value.map { (model, node.tokens, $0) } }
    }.sorted { $0.held.lastUse > $1.held.lastUse }
  }

  /// Removes the sequences of a session that no other one has; nil for those without a session, which are heads.
  package func remove(session: String?) {
    for tree in trees.values {
      for node in tree.valuedNodes {
        guard let value = node.value else { continue }
        if let session {
          guard value.sessions.remove(session) != nil else { continue }
        }
        guard value.sessions.isEmpty else { continue }
        memory.remove(value)
        tree.remove(node)
      }
    }
  }

  /// Makes a session an owner of a history that is held, possibly for other sessions only: it is the latest state of
  /// this session, and is saved with it.
  package func own(_ model: String, _ tokens: [Int32], _ session: String) {
    let match = tree(model).match(tokens)
    guard match.length == tokens.count else { return }
    var exact: HeldSequence?, longer: HeldSequence?
    match.end.forEach { node in
      guard let held = node.value, !held.place.isOfDraft else { return }
      if node.depth == tokens.count {
        exact = held
      } else if held.state.canTruncate(to: tokens.count), longer?.sessions.contains(session) != true {
        longer = held
      }
    }
    clock += 1
    if let exact {
      exact.sessions.insert(session)
      exact.lastUse = clock
    } else if let longer, longer.sessions.contains(session) {
      longer.lastUse = clock
    } else if let longer {
      let state = longer.state.fork()
      state.truncate(to: tokens.count)
      insert(model, tokens, HeldSequence(state: state, place: .history, session: session))
    }
  }
}
