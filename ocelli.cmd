@echo off
rem Starts Ocelli on Windows; builds it first where there is no build. After changing sources, delete cli\target\classpath. Not tried yet.
setlocal
set "OCELLI_HOME=%~dp0"
set "OPT_OUT_TRACKING=true"
set "OMP_WAIT_POLICY=PASSIVE"
set "GOMP_SPINCOUNT=1000"
if not defined OCELLI_JAVA_OPTS set "OCELLI_JAVA_OPTS=-Xmx2g"
where java >nul 2>nul || (echo ocelli: there is no java. Install a JDK 17 or later. 1>&2 & exit /b 1)
if not exist "%OCELLI_HOME%cli\target\classpath" (
  where mvn >nul 2>nul || (echo ocelli: not built yet, and there is no mvn to build it. Install Maven 3.8 or later. 1>&2 & exit /b 1)
  echo ocelli: building ^(the first time this fetches libraries and takes some minutes^)... 1>&2
  pushd "%OCELLI_HOME%"
  call mvn -q -B -Dmaven.test.skip=true package 1>&2 || (popd & echo ocelli: the build failed; see above. 1>&2 & exit /b 1)
  popd
)
rem The class path is longer than a line of this shell may be: an argument file holds it.
set "ARGUMENTS=%TEMP%\ocelli-%RANDOM%.args"
powershell -NoProfile -Command "$h=$env:OCELLI_HOME; $c=$h+'cli\target\ocelli-cli.jar;'+$h+'server\target\ocelli-server.jar;'+$h+'core\target\ocelli-core.jar;'+(Get-Content ($h+'cli\target\classpath')); Set-Content -Encoding ASCII $env:ARGUMENTS ('-cp \"'+$c.Replace('\','\\')+'\"')"
set "MODULES="
for %%c in (caption ask eval serve bench) do if "%~1"=="%%c" set "MODULES=--add-modules jdk.incubator.vector"
java %OCELLI_JAVA_OPTS% %MODULES% -Dorg.bytedeco.javacpp.maxPhysicalBytes=0 -Dorg.bytedeco.javacpp.maxBytes=0 -Dfile.encoding=UTF-8 -Djava.awt.headless=true "@%ARGUMENTS%" dev.ocelli.cli.Ocelli %*
set "CODE=%ERRORLEVEL%"
del "%ARGUMENTS%" 2>nul
exit /b %CODE%
