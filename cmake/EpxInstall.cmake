# cmake --install: the program, the libraries below it with their headers, the configurations and
# technologies, and the package that find_package(epxbar) finds.
include(CMakePackageConfigHelpers)
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/epxbar)

install(TARGETS epxbar)
foreach(folder IN LISTS EPX_FLOORS)
  if(NOT folder STREQUAL apps)
    epx_target(${folder} name)
    set_target_properties(epx_${name} PROPERTIES EXPORT_NAME ${name})
    install(TARGETS epx_${name} EXPORT epxbarTargets)
    file(GLOB headers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.h)
    list(FILTER headers EXCLUDE REGEX "_(internal|template)\\.h$")
    install(FILES ${headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/epxbar/${folder})
  endif()
endforeach()
install(DIRECTORY ${CMAKE_SOURCE_DIR}/configs DESTINATION ${CMAKE_INSTALL_DATADIR}/epxbar)

install(EXPORT epxbarTargets NAMESPACE epx:: DESTINATION ${package_folder})
configure_package_config_file(${CMAKE_SOURCE_DIR}/cmake/epxbarConfig.cmake.in
  ${CMAKE_BINARY_DIR}/epxbarConfig.cmake INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/epxbarConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/epxbarConfig.cmake ${CMAKE_BINARY_DIR}/epxbarConfigVersion.cmake
  ${CMAKE_SOURCE_DIR}/cmake/EpxLinked.cmake DESTINATION ${package_folder})
