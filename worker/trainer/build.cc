#include "worker/trainer/build.h"

#include "absl/strings/str_cat.h"
#include "engine/train/run.h"
#include "worker/trainer/revision.h"

namespace simclr::trainer {

std::string Build() {
  return absl::StrCat("simclr ", SIMCLR_VERSION, " ", Revision(), ", ", engine::EngineBuild());
}

}  // namespace simclr::trainer
