# Language level, warnings, sanitizers and the compiler cache for every target of the project.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

# Invariants are asserts, and they stay on in what users run: no NDEBUG.
set(CMAKE_CXX_FLAGS_RELEASE "-O2")
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g")

add_compile_options(-Wall -Wextra -Werror -Wno-unused-parameter)
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
  add_compile_options(-Wthread-safety)
endif()

# Sanitized code is checked, not timed: -O1 compiles in half the time of -O2.
if(SIMCLR_SANITIZER STREQUAL "address")
  add_compile_options(-O1 -fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined -g1)
  add_link_options(-fsanitize=address,undefined)
elseif(SIMCLR_SANITIZER STREQUAL "thread")
  # Protobuf's headers lay messages out otherwise when they see the macro; the packaged library was built without it.
  add_compile_options(-O1 -fsanitize=thread -U__SANITIZE_THREAD__ -fno-omit-frame-pointer -g1)
  add_link_options(-fsanitize=thread)
elseif(SIMCLR_SANITIZER)
  message(FATAL_ERROR "SIMCLR_SANITIZER is '${SIMCLR_SANITIZER}'; use address, thread or nothing")
endif()

# Paths relative to the source folder make the cache hit in every clone and for presets that share flags.
find_program(SIMCLR_CCACHE ccache)
if(SIMCLR_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${SIMCLR_CCACHE})
endif()
