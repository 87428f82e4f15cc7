/// Scripting and functional languages.
extension SyntaxTable {
  static let scripts: [Language] = [
    Language(
      "python py python3 pycon",
      """
      False None True and as assert async await break case class continue def del elif else except finally for from \
      global if import in is lambda match nonlocal not or pass raise return self try while with yield
      """, Syntax(lineComments: ["#"], longQuotes: ["\"\"\"", "'''"])),
    Language(
      "javascript js jsx mjs node",
      """
      async await break case catch class const continue debugger default delete do else export extends false finally \
      for from function get if import in instanceof let new null of return set static super switch this throw true \
      try typeof undefined var void while yield
      """, Syntax(lineComments: ["//"], blockComment: ("/*", "*/"), longQuotes: ["`"])),
    Language(
      "typescript ts tsx",
      """
      abstract any as async await boolean break case catch class const continue declare default delete do else enum \
      export extends false finally for from function get if implements import in infer instanceof interface is keyof \
      let namespace never new null number of private protected public readonly return satisfies set static string \
      super switch this throw true try type typeof undefined unknown var void while yield
      """, Syntax(lineComments: ["//"], blockComment: ("/*", "*/"), longQuotes: ["`"])),
    Language(
      "php",
      """
      abstract and array as break case catch class clone const continue declare default do echo else elseif enum \
      extends false final finally fn for foreach function global if implements include instanceof interface match \
      namespace new null or private protected public readonly require return static switch this throw trait true try \
      use var while yield
      """, Syntax(lineComments: ["//", "#"], blockComment: ("/*", "*/"))),
    Language(
      "bash sh shell zsh console shellsession",
      """
      alias break case cd continue do done echo elif else esac eval exec exit export fi for function if in local \
      printf read readonly return select set shift source sudo test then trap unset until while
      """, hash),
    Language(
      "fish",
      "and begin break case continue else end for function if in not or return set source status switch test while",
      hash),
    Language(
      "powershell ps1 pwsh",
      """
      begin break catch class continue do else elseif end exit filter finally for foreach function if in param \
      process return switch throw trap try until using while
      """, Syntax(lineComments: ["#"], blockComment: ("<#", "#>"), ignoresCase: true)),
    Language(
      "bat cmd batch",
      "call cd copy del echo else exit for goto if in not pause rem set setlocal shift start",
      Syntax(lineComments: ["::"], ignoresCase: true)),
    Language(
      "ruby rb",
      """
      alias and begin break case class def defined? do else elsif end ensure false for if in module next nil not or \
      redo require rescue retry return self super then true undef unless until when while yield
      """, hash),
    Language(
      "perl pl",
      """
      and cmp do else elsif eq foreach for if last local my ne next no not or our package print redo require return \
      sub undef unless until use while
      """, hash),
    Language(
      "lua",
      """
      and break do else elseif end false for function goto if in local nil not or repeat return then true until while
      """, Syntax(lineComments: ["--"], blockComment: ("--[[", "]]"))),
    Language(
      "r",
      "FALSE Inf NA NULL TRUE break else for function if in library next repeat return while", hash),
    Language(
      "julia jl",
      """
      abstract begin break catch const continue do else elseif end export false finally for function global if import \
      in let local macro module mutable nothing quote return struct true try type using where while
      """, Syntax(lineComments: ["#"], blockComment: ("#=", "=#"), longQuotes: ["\"\"\""], quotes: ["\""])),
    Language(
      "matlab octave",
      """
      break case catch classdef continue else elseif end for function global if otherwise parfor persistent return \
      switch try while
      """, Syntax(lineComments: ["%"])),
    Language(
      "groovy gradle",
      """
      as assert boolean break case catch class def default do else enum extends false final finally for if implements \
      import in instanceof int interface new null package private protected public return static super switch this \
      throw trait true try void while
      """, curly),
    Language(
      "makefile make mk", "define else endef endif export ifdef ifeq ifndef ifneq include override unexport",
      hash),
    Language(
      "dockerfile docker containerfile",
      """
      ADD ARG AS CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL RUN SHELL STOPSIGNAL USER VOLUME WORKDIR
      """, hash),
    Language(
      "cmake",
      """
      add_executable add_library cmake_minimum_required else elseif endforeach endfunction endif endmacro find_package \
      foreach function if include install macro message option project return set target_include_directories \
      target_link_libraries while
      """, Syntax(lineComments: ["#"], ignoresCase: true)),
    Language(
      "vim viml",
      "call echo else elseif endfor endfunction endif endwhile for function if in let map set silent while",
      Syntax(lineComments: ["\""], quotes: ["'"])),
  ]

  static let functional: [Language] = [
    Language(
      "haskell hs",
      """
      case class data deriving do else foldr forall if import in infix infixl infixr instance let map module newtype of \
      qualified then type where
      """, Syntax(lineComments: ["--"], blockComment: ("{-", "-}"), quotes: ["\""])),
    Language(
      "ocaml ml fsharp fs f#",
      """
      and as begin do done else end exception external false for fun function functor if in include let match member \
      method module mutable namespace new object of open or rec sig struct then to true try type val when while with
      """, Syntax(lineComments: ["//"], blockComment: ("(*", "*)"), quotes: ["\""])),
    Language(
      "elixir ex exs",
      """
      after alias and case catch cond def defimpl defmacro defmodule defp defprotocol defstruct do else end false fn \
      for if import in nil not or quote raise receive require rescue true try unless use when with
      """, Syntax(lineComments: ["#"], longQuotes: ["\"\"\""])),
    Language(
      "erlang erl", "after and begin case catch end fun if of orelse andalso receive try when",
      Syntax(lineComments: ["%"])),
    Language(
      "clojure clj lisp scheme elisp racket common-lisp",
      """
      and car cdr cond cons def define defmacro defn defun do else false fn for if lambda let let* list loop map nil \
      not ns or progn quote recur require set! true when
      """, Syntax(lineComments: [";"], quotes: ["\""], nameMarks: ["-", "!", "?", "*"])),
    Language(
      "nix", "assert else false if in inherit let null or rec then true with",
      Syntax(lineComments: ["#"], blockComment: ("/*", "*/"), longQuotes: ["''"], quotes: ["\""])),
  ]
}
