// A libnvidia-ml.so.1 for tests: GPUs as in the environment variable FAKE_NVML, "TOTAL_MIB:USED_MIB" for
// each, separated by commas. "broken" fails to start, as without a driver.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_split.h"

namespace {

struct Gpu {
  unsigned long long total = 0;
  unsigned long long used = 0;
};
struct Utilization {
  unsigned gpu, memory;
};
struct Memory {
  unsigned long long total, free, used;
};

std::vector<Gpu> Gpus() {
  const char* const text = std::getenv("FAKE_NVML");
  std::vector<Gpu> gpus;
  for (const absl::string_view entry : absl::StrSplit(text == nullptr ? "" : text, ',', absl::SkipEmpty())) {
    const std::pair<std::string, std::string> sizes = absl::StrSplit(entry, ':');
    gpus.push_back({std::stoull(sizes.first) << 20, std::stoull(sizes.second) << 20});
  }
  return gpus;
}

// A handle is the GPU's number plus one.
std::size_t IndexOf(void* device) {
  return reinterpret_cast<std::size_t>(device) - 1;
}

}  // namespace

extern "C" {

int nvmlInit_v2() {
  const char* const text = std::getenv("FAKE_NVML");
  return text != nullptr && std::strcmp(text, "broken") == 0 ? 9 : 0;
}
int nvmlShutdown() {
  return 0;
}
int nvmlDeviceGetCount_v2(unsigned* count) {
  *count = static_cast<unsigned>(Gpus().size());
  return 0;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  *device = reinterpret_cast<void*>(static_cast<std::size_t>(index) + 1);
  return 0;
}
int nvmlDeviceGetUUID(void* device, char* uuid, unsigned length) {
  std::snprintf(uuid, length, "GPU-fake-%zu", IndexOf(device));
  return 0;
}
int nvmlDeviceGetName(void*, char* name, unsigned length) {
  std::snprintf(name, length, "Fake GPU");
  return 0;
}
int nvmlDeviceGetMemoryInfo(void* device, Memory* memory) {
  const Gpu gpu = Gpus()[IndexOf(device)];
  *memory = {gpu.total, gpu.total - gpu.used, gpu.used};
  return 0;
}

int nvmlSystemGetDriverVersion(char* version, unsigned length) {
  std::snprintf(version, length, "570.1");
  return 0;
}
int nvmlDeviceGetUtilizationRates(void*, Utilization* utilization) {
  *utilization = {75, 50};
  return 0;
}
int nvmlDeviceGetPowerUsage(void*, unsigned* milliwatts) {
  *milliwatts = 312500;
  return 0;
}
// Not every GPU tells its temperature: the second does not.
int nvmlDeviceGetTemperature(void* device, int, unsigned* celsius) {
  *celsius = 61;
  return IndexOf(device) == 1 ? 3 : 0;
}

}  // extern "C"
