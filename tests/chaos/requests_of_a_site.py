"""Each request that the program makes for a site, by what no other one has in it."""

SUPABASE = {
    "alone": b"GET /rest/v1/rpc/hosting_automator_work",
    "poll": b"GET /rest/v1/sites?select=id,domain,server_id,created_at",
    "servers": b"GET /rest/v1/servers?select=id,ip_address",
    "row": b"GET /rest/v1/sites?select=id,domain,status_dns",
    "key": b"GET /rest/v1/servers?select=ssh_private_key",
    "credentials": b"GET /rest/v1/infrastructure_credentials",
    "update": b"PATCH /rest/v1/sites?",
}
# In place of "poll" and "update" where daemons share the queue.
SHARED = {name: f"POST /rest/v1/rpc/hosting_automator_{name} ".encode()
          for name in ("enter", "claim", "renew", "record", "order", "finish", "leave")}
MATOMO = {
    "token": b"method=UsersManager.hasSuperUserAccess",
    "lookup": b"method=SitesManager.getSitesIdFromSiteUrl",
    "names": b"method=SitesManager.getPatternMatchSites",
    "add": b"method=SitesManager.addSite",
}
MOMENTS = ["before", "after", "answered"]  # of TcpProxy.on
