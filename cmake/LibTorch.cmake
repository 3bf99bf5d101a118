# LibTorch as imported targets from an unpacked torch wheel: torch::cpu, and torch::cuda for SIMCLR_CUDA.
# Never find_package(Torch): it wants nvcc and can be hijacked by another LibTorch on the machine.
#
# SIMCLR_TORCH_ROOT (cache variable or environment) is the folder that holds torch/ and nvidia/; by default where
# scripts/setup puts the pinned version.

set(SIMCLR_TORCH_VERSION "2.14.1" CACHE STRING "Pinned LibTorch whose folder to use: 2.14.1 or 2.11.0")
set(SIMCLR_TORCH_ROOT "$ENV{SIMCLR_TORCH_ROOT}" CACHE PATH "Folder that holds torch/ and nvidia/")
if(NOT SIMCLR_TORCH_ROOT)
  execute_process(COMMAND ${CMAKE_SOURCE_DIR}/scripts/torch-root ${SIMCLR_TORCH_VERSION}
    OUTPUT_VARIABLE SIMCLR_TORCH_ROOT OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
endif()
set(torch_root ${SIMCLR_TORCH_ROOT})
if(NOT EXISTS ${torch_root}/torch/lib/libtorch_cpu.so)
  message(FATAL_ERROR "No LibTorch in '${torch_root}'. Run scripts/setup, or set SIMCLR_TORCH_ROOT to a folder that holds torch/ and nvidia/.")
endif()
file(READ ${torch_root}/torch/version.py torch_version_py)
string(REGEX MATCH "__version__ = '([0-9.]+)" _ "${torch_version_py}")
message(STATUS "LibTorch ${CMAKE_MATCH_1} in ${torch_root}")

add_library(torch_cpu INTERFACE)
target_include_directories(torch_cpu SYSTEM INTERFACE
  ${torch_root}/torch/include ${torch_root}/torch/include/torch/csrc/api/include)
target_compile_definitions(torch_cpu INTERFACE USE_DISTRIBUTED USE_C10D_GLOO)
target_link_directories(torch_cpu INTERFACE ${torch_root}/torch/lib)
# -z now: a program on the wrong LibTorch fails at its start, never in mid-run.
target_link_options(torch_cpu INTERFACE -Wl,--allow-shlib-undefined -Wl,--disable-new-dtags -Wl,-z,now
  -Wl,-rpath,${torch_root}/torch/lib -Wl,-rpath,${torch_root}/nvidia/cu13/lib)
target_link_libraries(torch_cpu INTERFACE ${torch_root}/torch/lib/libtorch_cpu.so ${torch_root}/torch/lib/libc10.so)
add_library(torch::cpu ALIAS torch_cpu)

if(SIMCLR_CUDA)
  file(GLOB torch_metadata ${torch_root}/torch-*.dist-info/METADATA)
  file(STRINGS ${torch_metadata} nccl_line REGEX "Requires-Dist: nvidia-nccl-cu13")
  string(REGEX MATCH "==([0-9]+)\\.([0-9]+)\\.([0-9]+)" _ "${nccl_line}")
  math(EXPR SIMCLR_NCCL_VERSION_CODE "${CMAKE_MATCH_1} * 10000 + ${CMAKE_MATCH_2} * 100 + ${CMAKE_MATCH_3}")
  foreach(needed nvidia/cu13/include/cuda_runtime.h nvidia/cu13/include/cublas_v2.h nvidia/cu13/include/crt/host_config.h nvidia/cu13/include/nv/target nvidia/nccl/include/nccl.h)
    if(NOT EXISTS ${torch_root}/${needed})
      message(FATAL_ERROR "${torch_root} has no ${needed}. Run scripts/setup --cuda.")
    endif()
  endforeach()
  add_library(torch_cuda INTERFACE)
  target_include_directories(torch_cuda SYSTEM INTERFACE ${torch_root}/nvidia/cu13/include ${torch_root}/nvidia/nccl/include)
  target_compile_definitions(torch_cuda INTERFACE USE_C10D_NCCL SIMCLR_NCCL_VERSION_CODE=${SIMCLR_NCCL_VERSION_CODE})
  target_link_libraries(torch_cuda INTERFACE torch_cpu -Wl,--no-as-needed ${torch_root}/torch/lib/libtorch.so
    ${torch_root}/torch/lib/libtorch_cuda.so ${torch_root}/torch/lib/libc10_cuda.so -Wl,--as-needed
    ${torch_root}/nvidia/cu13/lib/libcudart.so.13)
  add_library(torch::cuda ALIAS torch_cuda)
endif()
