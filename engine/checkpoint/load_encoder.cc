#include "engine/checkpoint/load_encoder.h"

#include <filesystem>
#include <system_error>

#include "common/base/file_system.h"
#include "common/base/status_macros.h"
#include "engine/base/safetensors.h"
#include "engine/checkpoint/assign_tensors.h"

namespace simclr::engine {

absl::Status LoadEncoder(const std::string& path, SimclrModel& model) {
  std::error_code ignored;
  const bool directory = std::filesystem::is_directory(path, ignored);
  const std::string file = directory ? JoinPath(path, "model.safetensors") : path;
  SIMCLR_ASSIGN_OR_RETURN(const SafetensorsFile weights, ReadSafetensors(file));
  return AssignTensors(weights.tensors, model.EncoderState(), file);
}

}  // namespace simclr::engine
