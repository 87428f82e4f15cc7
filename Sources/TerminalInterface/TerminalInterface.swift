// TerminalInterface
