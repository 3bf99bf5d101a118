#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string>

#include "cli/app.h"
#include "cli/context.h"
#include "cli/output_buffer.h"

namespace {

bool NoColor() {
  const char* value = std::getenv("NO_COLOR");
  return value != nullptr && *value != '\0';
}

}  // namespace

int main(int argc, char** argv) {
  const char* term = std::getenv("TERM");
  const bool dumb = term == nullptr || std::string(term) == "dumb";
  const bool out_is_terminal = ::isatty(STDOUT_FILENO) == 1;
  simclr::cli::OutputBuffer buffer(STDOUT_FILENO, out_is_terminal);
  std::ostream out(&buffer);
  simclr::cli::CommandContext context{
      .out = out,
      .err = std::cerr,
      .out_is_terminal = out_is_terminal,
      .err_is_terminal = ::isatty(STDERR_FILENO) == 1 && !dumb,  // a dumb one cannot repaint a line
      .color = out_is_terminal && !dumb && !NoColor(),
      .config_path = simclr::cli::ContextFilePath(),
      .context = "",
      .out_error = [&buffer] { return buffer.error(); },
  };
  return simclr::cli::RunCommandLine(argc, argv, context);
}
