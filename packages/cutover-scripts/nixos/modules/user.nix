# The user that the loops run as, and the workspace it owns.
{ settings, ... }:
let
  inherit (settings) user workspace;
in
{
  users.groups.${user.group} = { };
  users.users.${user.name} = {
    isNormalUser = true;
    inherit (user) group home;
    description = "Agent loops";
    linger = true;
    openssh.authorizedKeys.keys = user.authorizedKeys;
  };
  users.users.root.openssh.authorizedKeys.keys = settings.ssh.rootKeys;

  systemd.tmpfiles.rules = [
    "d ${workspace} 0750 ${user.name} ${user.group} -"
    # A secret's link may be the first thing in it, and the user's own keys have to fit beside that.
    "d ${user.home}/.ssh 0700 ${user.name} ${user.group} -"
    # Holds the file whose presence lets the rig start; made by the cutover, never by a deploy.
    "d /var/lib/cutover 0755 root root -"
  ];
}
