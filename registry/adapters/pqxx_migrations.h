// Migrations: schema/sql/cloud, carried in the program, applied in order and once each.
//
// Every file is one idempotent statement, so two migrations at once are harmless, and one that was
// cut short is simply run again.
#pragma once

#include <string>
#include <vector>

#include "registry/ports.h"

namespace pqxx {
class connection_base;
}

namespace dmp::registry {

// Names of those applied now, in order; empty: the database was up to date.
// `schema`: other than that of the connection.
SqlResult<std::vector<std::string>> migrate(const std::string& database,
                                            const std::string& schema = {});

// The first migration the database lacks; empty: none. Throws what libpqxx throws.
std::string missing_migration(pqxx::connection_base& connection);

}  // namespace dmp::registry
