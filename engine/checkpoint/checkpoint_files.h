#pragma once

namespace simclr::engine {

inline constexpr char kManifestFile[] = "manifest.json";
inline constexpr char kModelFile[] = "model.safetensors";
inline constexpr char kOptimizerFile[] = "optimizer.safetensors";
inline constexpr char kPositionFile[] = "position.json";

}  // namespace simclr::engine
