# cmake -D SOURCE=DIR -D REVISION=TEXT -D OUTPUT=FILE -P write_revision.cmake
#   Writes the only source that names the revision, where it changed, so that the compiler cache holds for all others.
#   REVISION, where it is given; else git's commit of SOURCE; else "unknown".
if(NOT REVISION)
  execute_process(COMMAND git -C ${SOURCE} describe --always --dirty --abbrev=12 --exclude=*
    OUTPUT_VARIABLE REVISION OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
if(NOT REVISION)
  set(REVISION unknown)
endif()
set(text "#include \"worker/trainer/revision.h\"\n\nnamespace simclr::trainer {\n\nconst char* Revision() {\n  return \"${REVISION}\";\n}\n\n}  // namespace simclr::trainer\n")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} before)
endif()
if(NOT text STREQUAL "${before}")
  file(WRITE ${OUTPUT} "${text}")
endif()
