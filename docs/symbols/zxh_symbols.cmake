# Holds a library against its symbol lists whenever it is linked.
#
#   include(zxh_symbols.cmake)
#   zxh_symbols(mylib IMPORTS mylib.allowlist EXPORTS mylib.ifs VERSION_SCRIPT mylib.ld
#               NEEDED libc.so PROVIDERS libc=${SYSROOT}/lib/libc.so STRICT)
#
# A violation fails the build with the text of `zxh symbols check`. Lists are dependencies of the
# link: who edits one gets the check again. ZXH is the command, by default `zxh` of the path.

find_program(ZXH zxh REQUIRED)

function(zxh_symbols target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "STRICT" "IMPORTS;EXPORTS;VERSION_SCRIPT"
                        "NEEDED;PROVIDERS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "zxh_symbols: unknown arguments ${arg_UNPARSED_ARGUMENTS}")
  endif()
  set(words "")
  foreach(list IMPORTS EXPORTS VERSION_SCRIPT)
    if(arg_${list})
      get_filename_component(path "${arg_${list}}" ABSOLUTE)
      string(TOLOWER "--${list}" option)
      string(REPLACE "_" "-" option "${option}")
      list(APPEND words "${option}" "${path}")
      set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS "${path}")
    endif()
  endforeach()
  foreach(name IN LISTS arg_NEEDED)
    list(APPEND words --needed "${name}")
  endforeach()
  foreach(provider IN LISTS arg_PROVIDERS)
    list(APPEND words --provider "${provider}")
  endforeach()
  if(arg_STRICT)
    list(APPEND words --strict)
  endif()
  add_custom_command(
    TARGET ${target} POST_BUILD
    COMMAND ${ZXH} symbols check $<TARGET_FILE:${target}> ${words}
    COMMENT "Checking the symbols of ${target}"
    VERBATIM)
endfunction()
