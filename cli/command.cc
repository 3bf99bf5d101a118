#include "cli/command.h"

#include <ostream>
#include <utility>

#include "cli/exit_code.h"
#include "common/base/text.h"

namespace simclr::cli {

void OnSelected(CLI::App& command, CommandContext& context, std::function<absl::StatusOr<int>()> body) {
  command.callback([&context, body = std::move(body)] {
    const absl::StatusOr<int> result = body();
    context.out.flush();
    if (!result.ok()) {
      context.err << "simclrctl: " << PrintableLines(result.status().message()) << std::endl;
    }
    context.exit_code = result.ok() ? *result : ExitCodeOf(result.status());
  });
}

}  // namespace simclr::cli
