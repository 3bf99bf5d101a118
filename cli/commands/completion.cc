#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "cli/commands/commands.h"
#include "cli/exit_code.h"

namespace simclr::cli {
namespace {

// The words that may follow the command line so far, read off the commands themselves.
std::vector<std::string> WordsOf(const CLI::App& app) {
  std::vector<std::string> words;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    words.push_back(command->get_name());
  }
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
    for (const std::string& name : option->get_snames()) words.push_back("-" + name);
  }
  if (app.get_name() == "get") words.insert(words.end(), {"jobs", "workers", "checkpoints"});
  return words;
}

void AppendCases(const CLI::App& app, const std::string& path, std::string& cases) {
  absl::StrAppend(&cases, "    '", path, "') words='", absl::StrJoin(WordsOf(app), " "), "' ;;\n");
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    AppendCases(*command, absl::StrCat(path, " ", command->get_name()), cases);
  }
}

// The path of commands on the line so far (options left out) selects the words; deeper words that are no
// command (names of jobs) leave the path as it is.
std::string BashScript(const CLI::App& app) {
  std::string cases;
  AppendCases(app, "", cases);
  return absl::StrCat(R"sh(# bash completion for simclrctl: source <(simclrctl completion bash)
_simclrctl_words() {
  local words=
  case "$1" in
)sh",
                      cases, R"sh(    *) return 1 ;;
  esac
  printf '%s' "$words"
}
_simclrctl() {
  local path='' word i
  for ((i = 1; i < COMP_CWORD; ++i)); do
    word=${COMP_WORDS[i]}
    if [[ $word != -* ]] && _simclrctl_words "$path $word" >/dev/null; then path="$path $word"; fi
  done
  mapfile -t COMPREPLY < <(compgen -W "$(_simclrctl_words "$path")" -- "${COMP_WORDS[COMP_CWORD]}")
}
complete -o default -F _simclrctl simclrctl
)sh");
}

// zsh runs the bash script through its own compatibility layer; there `path` is tied to PATH, and mapfile is
// missing.
std::string ZshScript(const CLI::App& app) {
  const std::string script = absl::StrReplaceAll(
      BashScript(app), {{"mapfile -t COMPREPLY < <(compgen", "COMPREPLY=($(compgen"},
                        {"${COMP_WORDS[COMP_CWORD]}\")\n", "${COMP_WORDS[COMP_CWORD]}\"))\n"},
                        {"$path", "$so_far"},
                        {"path=", "so_far="},
                        {"bash", "zsh"}});
  return absl::StrCat("autoload -U +X bashcompinit && bashcompinit\n", script);
}

}  // namespace

void AddCompletionCommand(CLI::App& app, CommandContext& context) {
  const auto shell = std::make_shared<std::string>();
  CLI::App& command = *app.add_subcommand("completion", "Print a completion script for a shell");
  command.add_option("shell", *shell, "bash or zsh")->required()->check(CLI::IsMember({"bash", "zsh"}));
  command.footer("Example: source <(simclrctl completion bash)");
  OnSelected(command, context, [&app, &context, shell]() -> absl::StatusOr<int> {
    context.out << (*shell == "bash" ? BashScript(app) : ZshScript(app));
    return kOk;
  });
}

}  // namespace simclr::cli
