# A module is one static library per folder; the link graph repeats the include directions.
#   dmp_module(base SOURCES a.cc b.cc DEPS schema PRIVATE spdlog::spdlog)
function(dmp_module name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;PRIVATE" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC dmp_options ${ARG_DEPS} PRIVATE ${ARG_PRIVATE})
endfunction()

#   dmp_program(dmp-bridge SOURCES main.cc DEPS bridge_adapters)
function(dmp_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE dmp_options ${ARG_DEPS})
endfunction()

# One executable per call, one ctest entry per executable; LABELS: unit | contract | e2e.
#   dmp_test(schema_test SOURCES codec_test.cc DEPS schema LABELS unit)
function(dmp_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;DEPS;LABELS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE dmp_options ${ARG_DEPS} GTest::gtest GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}")
  if(ARG_TIMEOUT)  # s, instead of what ctest is told
    set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT})
  endif()
  if("test_kafka" IN_LIST ARG_DEPS)  # one for all, with the topics that programs are made for
    set_tests_properties(${name} PROPERTIES RESOURCE_LOCK kafka)
  endif()
  if("test_postgres" IN_LIST ARG_DEPS)  # see tests/fixtures/sent_statements.h
    set_tests_properties(${name} PROPERTIES FIXTURES_SETUP sent_statements
      ENVIRONMENT "DMP_TEST_STATEMENTS=${CMAKE_BINARY_DIR}/statements")
  endif()
  target_compile_definitions(${name} PRIVATE DMP_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
endfunction()

# Files as a constexpr array, so that a program carries what it needs:
#   dmp_embed(target cloud_migrations FILES sql/a.sql sql/b.sql)
# makes "<target>/cloud_migrations.h" with `dmp::embedded::cloud_migrations`.
function(dmp_embed target variable)
  cmake_parse_arguments(ARG "" "" "FILES" ${ARGN})
  set(folder ${CMAKE_BINARY_DIR}/embedded)
  set(header ${folder}/embedded/${variable}.h)
  list(TRANSFORM ARG_FILES PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  add_custom_command(OUTPUT ${header}
    COMMAND ${CMAKE_COMMAND} -DHEADER=${header} -DVARIABLE=${variable} "-DFILES=${ARG_FILES}"
            -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${ARG_FILES} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake VERBATIM)
  target_sources(${target} PRIVATE ${header})
  target_include_directories(${target} PRIVATE ${folder})
endfunction()
