#include "worker/agent/probes/nvml.h"

#include <dlfcn.h>

#include <utility>

#include "absl/strings/str_cat.h"

namespace simclr::agent {
namespace {

// The part of nvml.h that is used; its binary interface is stable (the names carry a version where it
// changed).
using Device = void*;
struct Memory {
  unsigned long long total, free, used;
};
struct Utilization {
  unsigned gpu, memory;  // percent
};
constexpr int kSuccess = 0;
constexpr int kCoreTemperature = 0;
constexpr unsigned kTextBytes = 96;

template <typename Function>
bool Load(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(library, name));
  return function != nullptr;
}

}  // namespace

struct Nvml::Functions {
  int (*init)();
  int (*shutdown)();
  int (*count)(unsigned*);
  int (*handle)(unsigned, Device*);
  int (*uuid)(Device, char*, unsigned);
  int (*name)(Device, char*, unsigned);
  int (*memory)(Device, Memory*);
  // nullptr where the library is older than they are.
  int (*driver)(char*, unsigned) = nullptr;
  int (*utilization)(Device, Utilization*) = nullptr;
  int (*power)(Device, unsigned*) = nullptr;  // milliwatts
  int (*temperature)(Device, int, unsigned*) = nullptr;

  // Whether all that is needed is there.
  bool LoadAll(void* library) {
    Load(library, "nvmlSystemGetDriverVersion", driver);
    Load(library, "nvmlDeviceGetUtilizationRates", utilization);
    Load(library, "nvmlDeviceGetPowerUsage", power);
    Load(library, "nvmlDeviceGetTemperature", temperature);
    return Load(library, "nvmlInit_v2", init) && Load(library, "nvmlShutdown", shutdown) &&
           Load(library, "nvmlDeviceGetCount_v2", count) &&
           Load(library, "nvmlDeviceGetHandleByIndex_v2", handle) &&
           Load(library, "nvmlDeviceGetUUID", uuid) && Load(library, "nvmlDeviceGetName", name) &&
           Load(library, "nvmlDeviceGetMemoryInfo", memory);
  }
};

absl::StatusOr<std::unique_ptr<Nvml>> Nvml::Open(const std::string& library) {
  void* const handle = ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return absl::NotFoundError(absl::StrCat("no ", library, " on this machine"));
  auto functions = std::make_unique<Functions>();
  const bool loaded = functions->LoadAll(handle);
  const int error = loaded ? functions->init() : kSuccess;
  if (loaded && error == kSuccess) return std::unique_ptr<Nvml>(new Nvml(handle, std::move(functions)));
  ::dlclose(handle);
  if (!loaded)
    return absl::InternalError(absl::StrCat(library, " lacks a function that is needed; update the driver"));
  return absl::InternalError(absl::StrCat(library, " does not start: NVML error ", error));
}

Nvml::Nvml(void* library, std::unique_ptr<Functions> functions)
    : library_(library), functions_(std::move(functions)) {}

Nvml::~Nvml() {
  functions_->shutdown();
  ::dlclose(library_);
}

GpuState Nvml::Query() const {
  GpuState state;
  char driver[kTextBytes] = {};
  if (functions_->driver != nullptr && functions_->driver(driver, sizeof driver) == kSuccess) {
    state.driver = driver;
  }
  unsigned count = 0;
  if (functions_->count(&count) != kSuccess) return state;
  for (unsigned index = 0; index < count; ++index) state.gpus.push_back(Describe(index));
  return state;
}

GpuInfo Nvml::Describe(unsigned index) const {
  GpuInfo gpu;
  Device device = nullptr;
  char uuid[kTextBytes] = {};
  char name[kTextBytes] = {};
  Memory memory{};
  int error = functions_->handle(index, &device);
  if (error == kSuccess) error = functions_->uuid(device, uuid, sizeof uuid);
  if (error == kSuccess) error = functions_->name(device, name, sizeof name);
  if (error == kSuccess) error = functions_->memory(device, &memory);
  gpu.uuid = uuid;
  gpu.name = name;
  gpu.memory_bytes = static_cast<std::int64_t>(memory.total);
  gpu.used_bytes = static_cast<std::int64_t>(memory.used);
  if (error != kSuccess) {
    gpu.error = absl::StrCat("NVML error ", error);
    return gpu;
  }
  const Functions& ask = *functions_;
  Utilization busy{};
  unsigned milliwatts = 0;
  unsigned celsius = 0;
  if (ask.utilization != nullptr && ask.utilization(device, &busy) == kSuccess)
    gpu.utilization = busy.gpu / 100.0;
  if (ask.power != nullptr && ask.power(device, &milliwatts) == kSuccess)
    gpu.power_watts = milliwatts / 1000.0;
  if (ask.temperature != nullptr && ask.temperature(device, kCoreTemperature, &celsius) == kSuccess) {
    gpu.temperature_celsius = celsius;
  }
  return gpu;
}

}  // namespace simclr::agent
